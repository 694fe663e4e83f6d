#include "Infrastructure/Postgres/PostgresAuditLog.h"

#include "Infrastructure/Postgres/EventJson.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <soci/soci.h>

namespace volcanion::infrastructure {
namespace {

using application::AuditEntry;
using application::AuditPage;
using application::AuditRow;

/// The details and the changes that were overridden, as one object.
std::string DetailsToJson(const AuditEntry& entry) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto size = [](const std::string& text) { return static_cast<rapidjson::SizeType>(text.size()); };
  writer.StartObject();
  for (const auto& [name, text] : entry.details) {
    writer.Key(name.data(), size(name));
    writer.String(text.data(), size(text));
  }
  if (!entry.incompatible_changes.empty()) {
    const auto changes = FaultsToJson(entry.incompatible_changes);
    writer.Key("incompatibleChanges");
    writer.RawValue(changes.data(), changes.size(), rapidjson::kArrayType);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

constexpr std::string_view kInsert = R"(
  INSERT INTO write.audit_log (partner_id, actor, action, target, correlation_id, details)
  VALUES (:partner::uuid, :actor, :action, :target, :correlation_id, :details::json))";

constexpr std::string_view kPartnerExists = R"(
  SELECT 1 FROM write.partners WHERE partner_id = :partner::uuid)";

constexpr std::string_view kPage = R"(
  SELECT audit_id, (extract(epoch FROM at) * 1000000)::bigint, actor, action, target, correlation_id,
         coalesce(details::text, '{}')
    FROM write.audit_log
   WHERE partner_id = :partner::uuid)";

constexpr std::string_view kPageEnd = R"(
   ORDER BY audit_id DESC
   LIMIT :limit)";

AuditPage FetchPage(soci::session& session, const std::string& partner, std::optional<std::int64_t> before, int limit) {
  AuditRow row;
  long long id = 0, at = 0;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(at));
  statement.exchange(soci::into(row.actor));
  statement.exchange(soci::into(row.action));
  statement.exchange(soci::into(row.target));
  statement.exchange(soci::into(row.correlation_id));
  statement.exchange(soci::into(row.details));
  statement.exchange(soci::use(partner, "partner"));
  Conditions conditions(statement);
  if (before) conditions.Add("audit_id < :before::bigint", "before", std::to_string(*before));
  const int one_more = limit + 1;
  statement.exchange(soci::use(one_more, "limit"));
  AuditPage page;
  ForEachRow(statement, std::string(kPage).append(conditions.sql()).append(kPageEnd), [&] {
    row.id = id;
    row.at = TimestampFromMicros(at);
    page.items.push_back(row);
  });
  page.more = page.items.size() > static_cast<std::size_t>(limit);
  if (page.more) page.items.pop_back();
  return page;
}

}  // namespace

void AddAuditEntry(soci::session& session, const AuditEntry& entry) {
  Nullable<std::string> partner;
  if (entry.partner) partner = {entry.partner->ToString(), soci::i_ok};
  const auto details = DetailsToJson(entry);
  session.once << kInsert, soci::use(partner.value, partner.indicator, "partner"),
      soci::use(entry.author.actor, "actor"), soci::use(entry.action, "action"), soci::use(entry.target, "target"),
      soci::use(entry.author.correlation_id, "correlation_id"), soci::use(details, "details");
}

domain::Result<AuditPage> PostgresAuditReader::List(domain::PartnerId partner, std::optional<std::int64_t> before,
                                                    int limit) {
  const auto id = partner.ToString();
  return pool_.Run({"read audit log"}, [&](soci::session& session) -> domain::Result<AuditPage> {
    int exists = 0;
    session.once << kPartnerExists, soci::use(id, "partner"), soci::into(exists);
    if (!session.got_data()) return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner."};
    return FetchPage(session, id, before, limit);
  });
}

}  // namespace volcanion::infrastructure
