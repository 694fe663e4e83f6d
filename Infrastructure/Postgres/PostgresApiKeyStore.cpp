#include "Infrastructure/Postgres/PostgresApiKeyStore.h"

#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <optional>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {
namespace {

using application::ApiKeyPage;
using application::ApiKeyQuery;
using application::AuditEntry;
using domain::ApiKey;
using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

Nullable<std::string> TimeText(const std::optional<domain::Timestamp>& time) {
  if (!time) return {};
  return {domain::FormatRfc3339(*time), soci::i_ok};
}

constexpr std::string_view kSystemExists = R"(
  SELECT 1 FROM write.partner_systems WHERE partner_system_id = :system::uuid AND partner_id = :partner::uuid)";

/// kNotFound when it is not the partner's: then nothing below is done, whose statements go by the system.
Result<Done> CheckOwner(soci::session& session, domain::PartnerId partner, domain::PartnerSystemId system) {
  const auto partner_text = partner.ToString(), system_text = system.ToString();
  int exists = 0;
  session.once << kSystemExists, soci::use(system_text, "system"), soci::use(partner_text, "partner"),
      soci::into(exists);
  if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such partner system."};
  return Done{};
}

void AddEntry(soci::session& session, AuditEntry entry, domain::PartnerId owner) {
  entry.partner = owner;
  AddAuditEntry(session, entry);
}

constexpr std::string_view kInsertKey = R"(
  INSERT INTO write.api_keys (api_key_id, partner_system_id, name, prefix, key_hash, created_at, expires_at,
                              environment)
  VALUES (:id::uuid, :system::uuid, :name, :prefix, decode(:hash, 'hex'), :created_at::timestamptz,
          :expires_at::timestamptz, :environment))";

void InsertKey(soci::session& session, const ApiKey& key) {
  const auto id = key.id().ToString();
  const auto system = key.system().ToString();
  const auto hash = HexOf(key.hash());
  const auto created_at = domain::FormatRfc3339(key.created_at());
  auto expires_at = TimeText(key.expires_at());
  const std::string environment(domain::ToString(key.environment()));
  session.once << kInsertKey, soci::use(id, "id"), soci::use(system, "system"), soci::use(key.name(), "name"),
      soci::use(key.prefix(), "prefix"), soci::use(hash, "hash"), soci::use(created_at, "created_at"),
      soci::use(expires_at.value, expires_at.indicator, "expires_at"), soci::use(environment, "environment");
}

/// The columns of a key without its hash, which nobody needs here.
constexpr std::string_view kColumns = R"(
  SELECT keys.api_key_id::text, keys.name, keys.prefix, (extract(epoch FROM keys.created_at) * 1000000)::bigint,
         (extract(epoch FROM keys.expires_at) * 1000000)::bigint, keys.environment,
         (extract(epoch FROM keys.revoked_at) * 1000000)::bigint)";

class KeyColumns {
 public:
  explicit KeyColumns(soci::statement& statement) {
    statement.exchange(soci::into(id_));
    statement.exchange(soci::into(name_));
    statement.exchange(soci::into(prefix_));
    statement.exchange(soci::into(created_at_));
    statement.exchange(soci::into(expires_at_.value, expires_at_.indicator));
    statement.exchange(soci::into(environment_));
    statement.exchange(soci::into(revoked_at_.value, revoked_at_.indicator));
  }
  KeyColumns(const KeyColumns&) = delete;
  KeyColumns& operator=(const KeyColumns&) = delete;

  /// The row that was fetched last.
  ApiKey Key(domain::PartnerSystemId system) const {
    domain::ApiKeyFields key{IdFromColumn<domain::ApiKeyId>(id_), system, name_, prefix_, {}};
    key.created_at = TimestampFromMicros(created_at_);
    if (expires_at_.has_value()) key.expires_at = TimestampFromMicros(expires_at_.value);
    key.environment = ValueOfColumn(domain::ParseKeyEnvironment(environment_));
    if (revoked_at_.has_value()) key.revoked_at = TimestampFromMicros(revoked_at_.value);
    return ApiKey::Restore(std::move(key));
  }

 private:
  std::string id_, name_, prefix_, environment_;
  long long created_at_ = 0;
  Nullable<long long> expires_at_, revoked_at_;
};

constexpr std::string_view kLockKey = R"(
    FROM write.api_keys AS keys
   WHERE keys.partner_system_id = :system::uuid AND keys.api_key_id = :id::uuid
     FOR NO KEY UPDATE)";

std::optional<ApiKey> LockKey(soci::session& session, domain::PartnerSystemId system, domain::ApiKeyId id) {
  const auto system_text = system.ToString();
  const auto id_text = id.ToString();
  soci::statement statement(session);
  KeyColumns columns(statement);
  statement.exchange(soci::use(system_text, "system"));
  statement.exchange(soci::use(id_text, "id"));
  std::optional<ApiKey> key;
  ForEachRow(statement, std::string(kColumns).append(kLockKey), [&] { key = columns.Key(system); });
  return key;
}

constexpr std::string_view kUpdateKey = R"(
  UPDATE write.api_keys
     SET expires_at = :expires_at::timestamptz, revoked_at = :revoked_at::timestamptz
   WHERE api_key_id = :id::uuid)";

void UpdateKey(soci::session& session, const ApiKey& key) {
  const auto id = key.id().ToString();
  auto expires_at = TimeText(key.expires_at());
  auto revoked_at = TimeText(key.revoked_at());
  session.once << kUpdateKey, soci::use(expires_at.value, expires_at.indicator, "expires_at"),
      soci::use(revoked_at.value, revoked_at.indicator, "revoked_at"), soci::use(id, "id");
}

constexpr std::string_view kPage = R"(, (extract(epoch FROM uses.last_used_at) * 1000000)::bigint
    FROM write.api_keys AS keys
    LEFT JOIN write.api_key_uses AS uses USING (api_key_id)
   WHERE keys.partner_system_id = :system::uuid)";

constexpr std::string_view kPageEnd = R"(
   ORDER BY keys.api_key_id
   LIMIT :limit)";

ApiKeyPage FetchPage(soci::session& session, const ApiKeyQuery& query) {
  const auto system = query.system.ToString();
  Nullable<long long> last_used_at;
  soci::statement statement(session);
  KeyColumns columns(statement);
  statement.exchange(soci::into(last_used_at.value, last_used_at.indicator));
  statement.exchange(soci::use(system, "system"));
  Conditions conditions(statement);
  if (query.after) conditions.Add("keys.api_key_id > :after::uuid", "after", query.after->ToString());
  const int one_more = query.limit + 1;
  statement.exchange(soci::use(one_more, "limit"));
  ApiKeyPage page;
  ForEachRow(statement, std::string(kColumns).append(kPage).append(conditions.sql()).append(kPageEnd), [&] {
    page.items.push_back({columns.Key(query.system), std::nullopt});
    if (last_used_at.has_value()) page.items.back().last_used_at = TimestampFromMicros(last_used_at.value);
  });
  page.more = page.items.size() > static_cast<std::size_t>(query.limit);
  if (page.more) page.items.pop_back();
  return page;
}

}  // namespace

Result<Done> PostgresApiKeyStore::Add(domain::PartnerId partner, const ApiKey& key, const AuditEntry& audit) {
  if (HasNul(key.name())) return HasNulByte("/name");
  if (HasNul(key.prefix())) return HasNulByte("/prefix");
  return pool_.Run({"add API key", RowScope::Of(partner)}, [&](soci::session& session) -> Result<Done> {
    if (const auto owned = CheckOwner(session, partner, key.system()); !owned) return owned;
    InsertKey(session, key);
    AddEntry(session, audit, partner);
    return Done{};
  });
}

Result<ApiKey> PostgresApiKeyStore::Change(domain::PartnerId partner, domain::PartnerSystemId system,
                                           domain::ApiKeyId id, const Decide& decide) {
  return pool_.Run({"change API key", RowScope::Of(partner)}, [&](soci::session& session) -> Result<ApiKey> {
    if (const auto owned = CheckOwner(session, partner, system); !owned) return owned.error();
    auto key = LockKey(session, system, id);
    if (!key) return Error{ErrorKind::kNotFound, "There is no such key."};
    auto decision = decide(*key);
    if (!decision) return std::move(decision).error();
    if (decision->audit.empty()) return *std::move(key);
    UpdateKey(session, *key);
    if (decision->added) InsertKey(session, *decision->added);
    for (auto& entry : decision->audit) AddEntry(session, std::move(entry), partner);
    return *std::move(key);
  });
}

Result<ApiKeyPage> PostgresApiKeyStore::List(const ApiKeyQuery& query) {
  const Transaction transaction{.name = "list API keys", .rows = RowScope::Of(query.partner), .snapshot = true};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<ApiKeyPage> {
    if (const auto owned = CheckOwner(session, query.partner, query.system); !owned) return owned.error();
    return FetchPage(session, query);
  });
}

// In the order of the keys, so that two processes do not deadlock.
constexpr std::string_view kNoteUses = R"(
  INSERT INTO write.api_key_uses AS uses (api_key_id, last_used_at)
  SELECT keys.api_key_id, used.at
    FROM unnest(:ids::uuid[], :times::timestamptz[]) AS used (api_key_id, at)
    JOIN write.api_keys AS keys USING (api_key_id)
   ORDER BY keys.api_key_id
  ON CONFLICT (api_key_id) DO UPDATE SET last_used_at = greatest(uses.last_used_at, excluded.last_used_at))";

Result<Done> PostgresApiKeyStore::NoteUses(const std::vector<application::KeyUse>& uses) {
  std::string ids = "{", times = "{";
  for (const auto& use : uses) {
    ids.append(ids.size() > 1 ? "," : "").append(use.key.ToString());
    times.append(times.size() > 1 ? "," : "").append(domain::FormatRfc3339(use.at));
  }
  ids += "}";
  times += "}";
  return pool_.Run({"note uses of keys", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    session.once << kNoteUses, soci::use(ids, "ids"), soci::use(times, "times");
    return Done{};
  });
}

}  // namespace volcanion::infrastructure
