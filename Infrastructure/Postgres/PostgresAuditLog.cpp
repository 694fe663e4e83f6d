#include "Infrastructure/Postgres/PostgresAuditLog.h"

#include "Infrastructure/Postgres/EventJson.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <soci/soci.h>

#include <optional>
#include <sstream>
#include <string>
#include <variant>

namespace volcanion::infrastructure {
namespace {

using application::AuditEntry;
using application::AuditPage;
using application::AuditQuery;
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

/// Empty for none.
std::string FieldsToJson(const application::AuditFields& fields) {
  if (fields.empty()) return "";
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  for (const auto& [name, value] : fields) {
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    if (const auto* text = std::get_if<std::string>(&value)) {
      writer.String(text->data(), static_cast<rapidjson::SizeType>(text->size()));
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      writer.Int64(*number);
    } else if (const auto* boolean = std::get_if<bool>(&value)) {
      writer.Bool(*boolean);
    } else {
      writer.Null();
    }
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

constexpr std::string_view kInsert = R"(
  INSERT INTO write.audit_log (partner_id, actor, action, target, target_id, correlation_id, client_address, details,
                               before, after)
  VALUES (nullif(:partner, '')::uuid, :actor, :action, :target, nullif(:target_id, '')::uuid, :correlation_id,
          nullif(:client_address, ''), :details::json, nullif(:before, '')::json, nullif(:after, '')::json))";

constexpr std::string_view kPartnerExists = R"(
  SELECT 1 FROM write.partners WHERE partner_id = :partner::uuid)";

constexpr std::string_view kPage = R"(
  SELECT audit_id, (extract(epoch FROM at) * 1000000)::bigint, actor, action, target, correlation_id,
         coalesce(client_address, ''), target_id::text, coalesce(details::text, '{}'), before::text, after::text
    FROM write.audit_log
   WHERE partner_id = :partner::uuid)";

constexpr std::string_view kPageEnd = R"(
   ORDER BY audit_id DESC
   LIMIT :limit)";

std::optional<std::string> ValueOf(const Nullable<std::string>& column) {
  return column.has_value() ? std::optional(column.value) : std::nullopt;
}

bool HasNulIn(const std::optional<std::string>& text) { return text && HasNul(*text); }

void AddFilters(const AuditQuery& query, Conditions& conditions) {
  if (query.actor) conditions.Add("actor = :actor", "actor", *query.actor);
  if (query.action) conditions.Add("action = :action", "action", *query.action);
  if (query.target) {
    conditions.Add("(target = :target OR target_id::text = lower(:target_id))", "target", *query.target);
    conditions.Bind("target_id", *query.target);
  }
  if (query.from) conditions.Add("at >= :from::timestamptz", "from", domain::FormatRfc3339(*query.from));
  if (query.to) conditions.Add("at < :to::timestamptz", "to", domain::FormatRfc3339(*query.to));
  if (query.before) conditions.Add("audit_id < :before::bigint", "before", std::to_string(*query.before));
}

AuditPage FetchPage(soci::session& session, const std::string& partner, const AuditQuery& query) {
  AuditRow row;
  long long id = 0, at = 0;
  Nullable<std::string> target_id, before, after;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(at));
  statement.exchange(soci::into(row.actor));
  statement.exchange(soci::into(row.action));
  statement.exchange(soci::into(row.target));
  statement.exchange(soci::into(row.correlation_id));
  statement.exchange(soci::into(row.client_address));
  statement.exchange(soci::into(target_id.value, target_id.indicator));
  statement.exchange(soci::into(row.details));
  statement.exchange(soci::into(before.value, before.indicator));
  statement.exchange(soci::into(after.value, after.indicator));
  statement.exchange(soci::use(partner, "partner"));
  Conditions conditions(statement);
  AddFilters(query, conditions);
  const int one_more = query.limit + 1;
  statement.exchange(soci::use(one_more, "limit"));
  AuditPage page;
  ForEachRow(statement, std::string(kPage).append(conditions.sql()).append(kPageEnd), [&] {
    row.id = id;
    row.at = TimestampFromMicros(at);
    row.target_id = ValueOf(target_id);
    row.before = ValueOf(before);
    row.after = ValueOf(after);
    page.items.push_back(row);
  });
  page.more = page.items.size() > static_cast<std::size_t>(query.limit);
  if (page.more) page.items.pop_back();
  return page;
}

}  // namespace

void AddAuditEntry(soci::session& session, const AuditEntry& entry) {
  const auto partner = entry.partner ? entry.partner->ToString() : "";
  const auto target_id = entry.target_id ? entry.target_id->ToString() : "";
  const auto details = DetailsToJson(entry);
  const auto before = FieldsToJson(entry.before), after = FieldsToJson(entry.after);
  session.once << kInsert, soci::use(partner, "partner"), soci::use(entry.author.actor, "actor"),
      soci::use(entry.action, "action"), soci::use(entry.target, "target"), soci::use(target_id, "target_id"),
      soci::use(entry.author.correlation_id, "correlation_id"),
      soci::use(entry.author.client_address, "client_address"), soci::use(details, "details"),
      soci::use(before, "before"), soci::use(after, "after");
}

constexpr std::string_view kPersonsLogs = R"(
  SELECT email, is_platform_admin::int,
         coalesce((SELECT string_agg(partner_id::text, ' ') FROM write.memberships AS member
                    WHERE member.user_id = person.user_id AND accepted_at IS NOT NULL), '')
    FROM write.users AS person
   WHERE user_id = :person::uuid)";

void AddEntriesOfPerson(soci::session& session, const std::string& user_id, application::Author author,
                        const char* action, std::vector<std::pair<std::string, std::string>> details,
                        application::AuditFields before, application::AuditFields after) {
  std::string email, partners;
  int is_platform_admin = 0;
  session.once << kPersonsLogs, soci::use(user_id, "person"), soci::into(email), soci::into(is_platform_admin),
      soci::into(partners);
  if (author.actor.empty()) author.actor = email;
  AuditEntry entry{std::nullopt, std::move(author), action, email, std::move(details)};
  entry.before = std::move(before);
  entry.after = std::move(after);
  if (is_platform_admin != 0 || partners.empty()) AddAuditEntry(session, entry);
  for (std::istringstream ids(partners); ids >> partners;) {
    entry.partner = IdFromColumn<domain::PartnerId>(partners);
    AddAuditEntry(session, entry);
  }
}

domain::Result<domain::Done> PostgresAuditLog::Add(const std::vector<AuditEntry>& entries) {
  return pool_.Run({"add audit entries", RowScope::Unbound()},
                   [&](soci::session& session) -> domain::Result<domain::Done> {
                     for (const auto& entry : entries) AddAuditEntry(session, entry);
                     return domain::Done{};
                   });
}

domain::Result<AuditPage> PostgresAuditLog::List(const AuditQuery& query) {
  const auto id = query.partner.ToString();
  return pool_.Run({"read audit log", RowScope::Of(query.partner)},
                   [&](soci::session& session) -> domain::Result<AuditPage> {
                     int exists = 0;
                     session.once << kPartnerExists, soci::use(id, "partner"), soci::into(exists);
                     if (!session.got_data())
                       return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner."};
                     if (HasNulIn(query.actor) || HasNulIn(query.action) || HasNulIn(query.target)) return AuditPage{};
                     return FetchPage(session, id, query);
                   });
}

}  // namespace volcanion::infrastructure
