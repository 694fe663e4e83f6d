#include "Infrastructure/Postgres/PostgresManagementStore.h"

#include "Domain/Timestamp.h"
#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <stdexcept>

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

/// What a column with a check constraint holds.
template <typename T>
T ValueOfColumn(std::optional<T> parsed) {
  if (!parsed) throw std::runtime_error("a column holds a value that it cannot have");
  return *parsed;
}

/// Has it decided what becomes of a locked row, and writes that down with its audit entry.
template <typename T, typename Update>
Result<T> Decided(soci::session& session, Result<T> found, const application::ManagementStore::Decide<T>& decide,
                  Update update) {
  if (!found) return found;
  auto entry = decide(*found);
  if (!entry) return std::move(entry).error();
  if (*entry) {
    update(session, *found);
    AddAuditEntry(session, **entry);
  }
  return found;
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

constexpr std::string_view kGetPartner = R"(
  SELECT name, (extract(epoch FROM created_at) * 1000000)::bigint, compatibility
    FROM write.partners
   WHERE partner_id = :id::uuid)";

// NO KEY: rows that refer to it can be added meanwhile.
constexpr std::string_view kLock = " FOR NO KEY UPDATE";

namespace {

Result<domain::Partner> FetchPartner(soci::session& session, domain::PartnerId id, std::string_view lock) {
  const auto id_text = id.ToString();
  std::string name, compatibility;
  long long created_at = 0;
  session.once << std::string(kGetPartner).append(lock), soci::use(id_text, "id"), soci::into(name),
      soci::into(created_at), soci::into(compatibility);
  if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such partner."};
  return domain::Partner::Create(id, name, TimestampFromMicros(created_at),
                                 ValueOfColumn(domain::ParseCompatibility(compatibility)));
}

}  // namespace

Result<domain::Partner> PostgresManagementStore::GetPartner(domain::PartnerId id) {
  return pool_.Run({"get partner"}, [&](soci::session& session) { return FetchPartner(session, id, ""); });
}

constexpr std::string_view kUpdatePartner = R"(
  UPDATE write.partners SET compatibility = :compatibility WHERE partner_id = :id::uuid)";

Result<domain::Partner> PostgresManagementStore::ChangePartner(domain::PartnerId id,
                                                               const Decide<domain::Partner>& decide) {
  const auto update = [&](soci::session& session, const domain::Partner& partner) {
    const auto id_text = id.ToString();
    const std::string compatibility(domain::ToString(partner.compatibility()));
    session.once << kUpdatePartner, soci::use(compatibility, "compatibility"), soci::use(id_text, "id");
  };
  return pool_.Run({"change partner"}, [&](soci::session& session) {
    return Decided(session, FetchPartner(session, id, kLock), decide, update);
  });
}

constexpr std::string_view kGetSystem = R"(
  SELECT partner_id::text, name, invalid_events, coalesce(rate_limit_events_per_second, 0),
         coalesce(rate_limit_burst, 0), (extract(epoch FROM created_at) * 1000000)::bigint
    FROM write.partner_systems
   WHERE partner_system_id = :id::uuid)";

namespace {

Result<domain::PartnerSystem> FetchSystem(soci::session& session, domain::PartnerSystemId id, std::string_view lock) {
  const auto id_text = id.ToString();
  std::string partner, name, invalid_events;
  domain::RateLimit limit;
  long long created_at = 0;
  session.once << std::string(kGetSystem).append(lock), soci::use(id_text, "id"), soci::into(partner), soci::into(name),
      soci::into(invalid_events), soci::into(limit.events_per_second), soci::into(limit.burst), soci::into(created_at);
  if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such partner system."};
  return domain::PartnerSystem::Create(id, IdFromColumn<domain::PartnerId>(partner), name,
                                       ValueOfColumn(domain::ParseInvalidEventPolicy(invalid_events)),
                                       limit.burst > 0 ? std::optional(limit) : std::nullopt,
                                       TimestampFromMicros(created_at));
}

}  // namespace

constexpr std::string_view kUpdateSystem = R"(
  UPDATE write.partner_systems
     SET invalid_events = :invalid_events, rate_limit_events_per_second = nullif(:events_per_second::integer, 0),
         rate_limit_burst = nullif(:burst::integer, 0)
   WHERE partner_system_id = :id::uuid)";

Result<domain::PartnerSystem> PostgresManagementStore::ChangeSystem(domain::PartnerSystemId id,
                                                                    const Decide<domain::PartnerSystem>& decide) {
  const auto update = [&](soci::session& session, const domain::PartnerSystem& system) {
    const auto id_text = id.ToString();
    const std::string invalid_events(domain::ToString(system.invalid_events()));
    const auto limit = system.rate_limit().value_or(domain::RateLimit{});  // zeros for none
    session.once << kUpdateSystem, soci::use(invalid_events, "invalid_events"),
        soci::use(limit.events_per_second, "events_per_second"), soci::use(limit.burst, "burst"),
        soci::use(id_text, "id");
  };
  return pool_.Run({"change partner system"}, [&](soci::session& session) {
    return Decided(session, FetchSystem(session, id, kLock), decide, update);
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
