#include "Infrastructure/Postgres/PostgresManagementStore.h"

#include "Domain/Timestamp.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

namespace volcanion::infrastructure {
namespace {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

/// Says in the words of one table what the database has refused.
template <typename T>
Result<T> Explained(Result<T> result, ErrorKind kind, std::string_view message) {
  if (!result && result.error().kind == kind) return Error{kind, std::string(message)};
  return result;
}

Error HasNulByte(std::string pointer) {
  return {ErrorKind::kInvalid,
          "A text has a character that cannot be stored.",
          {{std::move(pointer), "invalid_character", "must not contain U+0000"}}};
}

std::string HexOf(const domain::SecretHash& hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : hash.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace

constexpr std::string_view kInsertPartner = R"(
  INSERT INTO write.partners (partner_id, name, created_at)
  VALUES (:id::uuid, :name, :created_at::timestamptz))";

Result<Done> PostgresManagementStore::AddPartner(const domain::Partner& partner) {
  if (HasNul(partner.name())) return HasNulByte("/name");
  const auto id = partner.id().ToString();
  const auto created_at = domain::FormatRfc3339(partner.created_at());
  auto added = pool_.Run({"add partner"}, [&](soci::session& session) -> Result<Done> {
    session.once << kInsertPartner, soci::use(id, "id"), soci::use(partner.name(), "name"),
        soci::use(created_at, "created_at");
    return Done{};
  });
  return Explained(std::move(added), ErrorKind::kConflict, "There is a partner with this name already.");
}

constexpr std::string_view kInsertSystem = R"(
  INSERT INTO write.partner_systems (partner_system_id, partner_id, name, invalid_events, rate_limit_events_per_second,
                                     rate_limit_burst, created_at)
  VALUES (:id::uuid, :partner::uuid, :name, :invalid_events, nullif(:events_per_second::integer, 0),
          nullif(:burst::integer, 0), :created_at::timestamptz))";

Result<Done> PostgresManagementStore::AddSystem(const domain::PartnerSystem& system) {
  if (HasNul(system.name())) return HasNulByte("/name");
  const auto id = system.id().ToString();
  const auto partner = system.partner().ToString();
  const std::string invalid_events(domain::ToString(system.invalid_events()));
  const auto created_at = domain::FormatRfc3339(system.created_at());
  const auto limit = system.rate_limit().value_or(domain::RateLimit{});  // zeros for none
  auto added = pool_.Run({"add partner system"}, [&](soci::session& session) -> Result<Done> {
    session.once << kInsertSystem, soci::use(id, "id"), soci::use(partner, "partner"), soci::use(system.name(), "name"),
        soci::use(invalid_events, "invalid_events"), soci::use(limit.events_per_second, "events_per_second"),
        soci::use(limit.burst, "burst"), soci::use(created_at, "created_at");
    return Done{};
  });
  added = Explained(std::move(added), ErrorKind::kNotFound, "There is no such partner.");
  return Explained(std::move(added), ErrorKind::kConflict, "The partner has a system with this name already.");
}

constexpr std::string_view kInsertKey = R"(
  INSERT INTO write.api_keys (api_key_id, partner_system_id, name, prefix, key_hash, created_at, expires_at)
  VALUES (:id::uuid, :system::uuid, :name, :prefix, decode(:hash, 'hex'), :created_at::timestamptz,
          :expires_at::timestamptz))";

Result<Done> PostgresManagementStore::AddKey(const domain::ApiKey& key) {
  if (HasNul(key.name())) return HasNulByte("/name");
  if (HasNul(key.prefix())) return HasNulByte("/prefix");
  const auto id = key.id().ToString();
  const auto system = key.system().ToString();
  const auto hash = HexOf(key.hash());
  const auto created_at = domain::FormatRfc3339(key.created_at());
  Nullable<std::string> expires_at;
  if (key.expires_at()) expires_at = {domain::FormatRfc3339(*key.expires_at()), soci::i_ok};
  auto added = pool_.Run({"add API key"}, [&](soci::session& session) -> Result<Done> {
    session.once << kInsertKey, soci::use(id, "id"), soci::use(system, "system"), soci::use(key.name(), "name"),
        soci::use(key.prefix(), "prefix"), soci::use(hash, "hash"), soci::use(created_at, "created_at"),
        soci::use(expires_at.value, expires_at.indicator, "expires_at");
    return Done{};
  });
  return Explained(std::move(added), ErrorKind::kNotFound, "There is no such partner system.");
}

// The partner's row is what concurrent calls wait for: each takes its number after the one before has committed. NO
// KEY: rows that refer to the partner can be added meanwhile.
constexpr std::string_view kLockPartner = R"(
  SELECT name FROM write.partners WHERE partner_id = :partner::uuid FOR NO KEY UPDATE)";

constexpr std::string_view kInsertStructure = R"(
  INSERT INTO write.event_structures (structure_id, partner_id, event_name, version, schema, state, created_at)
  SELECT :id::uuid, :partner::uuid, :event_name, coalesce(max(version), 0) + 1, :schema::json, :state,
         :created_at::timestamptz
    FROM write.event_structures
   WHERE partner_id = :partner::uuid AND event_name = :event_name
  RETURNING version)";

Result<int> PostgresManagementStore::AddStructure(const domain::EventStructure& structure) {
  if (HasNul(structure.event_name())) return HasNulByte("/eventName");
  if (HasNul(structure.schema())) return HasNulByte("/schema");
  const auto id = structure.id().ToString();
  const auto partner = structure.partner().ToString();
  const std::string state(domain::ToString(structure.state()));
  const auto created_at = domain::FormatRfc3339(structure.created_at());
  return pool_.Run({"add event structure"}, [&](soci::session& session) -> Result<int> {
    std::string partner_name;
    session.once << kLockPartner, soci::use(partner, "partner"), soci::into(partner_name);
    if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such partner."};
    int version = 0;
    session.once << kInsertStructure, soci::use(id, "id"), soci::use(partner, "partner"),
        soci::use(structure.event_name(), "event_name"), soci::use(structure.schema(), "schema"),
        soci::use(state, "state"), soci::use(created_at, "created_at"), soci::into(version);
    return version;
  });
}

constexpr std::string_view kInsertAdminToken = R"(
  INSERT INTO write.admin_tokens (token_hash, name, prefix)
  VALUES (decode(:hash, 'hex'), :name, :prefix))";

Result<Done> PostgresManagementStore::AddAdminToken(std::string_view name, std::string_view prefix,
                                                    const domain::SecretHash& hash) {
  if (HasNul(name)) return HasNulByte("/name");
  if (HasNul(prefix)) return HasNulByte("/prefix");
  const auto hash_text = HexOf(hash);
  const std::string name_text(name);
  const std::string prefix_text(prefix);
  return pool_.Run({"add admin token"}, [&](soci::session& session) -> Result<Done> {
    session.once << kInsertAdminToken, soci::use(hash_text, "hash"), soci::use(name_text, "name"),
        soci::use(prefix_text, "prefix");
    return Done{};
  });
}

}  // namespace volcanion::infrastructure
