#include "Infrastructure/Postgres/PostgresDirectoryStore.h"

#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <charconv>
#include <stdexcept>

namespace volcanion::infrastructure {
namespace {

using application::DirectoryRows;
using domain::Result;

domain::SecretHash HashFromHex(std::string_view hex) {
  domain::SecretHash hash;
  if (hex.size() != 2 * hash.bytes.size()) throw std::runtime_error("a hash column holds no SHA-256");
  for (std::size_t i = 0; i < hash.bytes.size(); ++i) {
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, hash.bytes[i], 16);
  }
  return hash;
}

domain::InvalidEventPolicy PolicyFromColumn(std::string_view text) {
  const auto policy = domain::ParseInvalidEventPolicy(text);
  if (!policy) throw std::runtime_error("invalid_events holds no policy");
  return *policy;
}

constexpr std::string_view kRevision = "SELECT revision FROM write.directory_revision";

std::int64_t FetchRevision(soci::session& session) {
  long long revision = 0;
  session.once << kRevision, soci::into(revision);
  return revision;
}

constexpr const char* kPartners = R"(
  SELECT partner_id::text, name
    FROM write.partners)";

void FetchPartners(soci::session& session, DirectoryRows& rows) {
  std::string id, name;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(name));
  ForEachRow(statement, kPartners, [&] { rows.partners.push_back({IdFromColumn<domain::PartnerId>(id), name}); });
}

constexpr const char* kSystems = R"(
  SELECT system.partner_system_id::text, system.partner_id::text, system.name, system.invalid_events,
         coalesce(system.rate_limit_events_per_second, 0), coalesce(system.rate_limit_burst, 0),
         (system.is_active AND partner.is_active)::int
    FROM write.partner_systems AS system
    JOIN write.partners AS partner USING (partner_id))";

void FetchSystems(soci::session& session, DirectoryRows& rows) {
  std::string id, partner, name, invalid_events;
  domain::RateLimit limit;
  int is_active = 0;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(partner));
  statement.exchange(soci::into(name));
  statement.exchange(soci::into(invalid_events));
  statement.exchange(soci::into(limit.events_per_second));
  statement.exchange(soci::into(limit.burst));
  statement.exchange(soci::into(is_active));
  ForEachRow(statement, kSystems, [&] {
    rows.systems.push_back({IdFromColumn<domain::PartnerSystemId>(id), IdFromColumn<domain::PartnerId>(partner), name,
                            PolicyFromColumn(invalid_events), limit.burst > 0 ? std::optional(limit) : std::nullopt,
                            is_active != 0});
  });
}

constexpr const char* kKeys = R"(
  SELECT api_key_id::text, partner_system_id::text, encode(key_hash, 'hex'),
         (extract(epoch FROM expires_at) * 1000000)::bigint
    FROM write.api_keys
   WHERE revoked_at IS NULL)";

void FetchKeys(soci::session& session, DirectoryRows& rows) {
  std::string id, system, hash;
  Nullable<long long> expires_at;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(system));
  statement.exchange(soci::into(hash));
  statement.exchange(soci::into(expires_at.value, expires_at.indicator));
  ForEachRow(statement, kKeys, [&] {
    application::DirectoryKey key{IdFromColumn<domain::ApiKeyId>(id), IdFromColumn<domain::PartnerSystemId>(system),
                                  HashFromHex(hash), std::nullopt};
    if (expires_at.has_value()) key.expires_at = TimestampFromMicros(expires_at.value);
    rows.keys.push_back(key);
  });
}

constexpr const char* kAdminTokens = R"(
  SELECT encode(token_hash, 'hex'), name, prefix
    FROM write.admin_tokens
   WHERE revoked_at IS NULL)";

void FetchAdminTokens(soci::session& session, DirectoryRows& rows) {
  std::string hash, name, prefix;
  soci::statement statement(session);
  statement.exchange(soci::into(hash));
  statement.exchange(soci::into(name));
  statement.exchange(soci::into(prefix));
  ForEachRow(statement, kAdminTokens, [&] { rows.admin_tokens.push_back({HashFromHex(hash), name, prefix}); });
}

constexpr const char* kStructures = R"(
  SELECT structure_id::text, partner_id::text, event_name, partner_system_id::text, version,
         CASE WHEN structure_id = ANY (:known::uuid[]) THEN NULL ELSE schema::text END
    FROM write.event_structures
   WHERE state = 'active')";

void FetchStructures(soci::session& session, const std::string& known, DirectoryRows& rows) {
  std::string id, partner, event_name;
  int version = 0;
  Nullable<std::string> system, schema;
  soci::statement statement(session);
  statement.exchange(soci::use(known, "known"));
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(partner));
  statement.exchange(soci::into(event_name));
  statement.exchange(soci::into(system.value, system.indicator));
  statement.exchange(soci::into(version));
  statement.exchange(soci::into(schema.value, schema.indicator));
  ForEachRow(statement, kStructures, [&] {
    application::DirectoryStructure structure{
        IdFromColumn<domain::StructureId>(id), {IdFromColumn<domain::PartnerId>(partner), event_name}, version, {}};
    if (system.has_value()) structure.identity.system = IdFromColumn<domain::PartnerSystemId>(system.value);
    if (schema.has_value()) structure.schema = std::move(schema.value);
    rows.structures.push_back(std::move(structure));
  });
}

}  // namespace

Result<std::int64_t> PostgresDirectoryStore::Revision() {
  return pool_.Run({"read directory revision", RowScope::Unbound()},
                   [](soci::session& session) -> Result<std::int64_t> { return FetchRevision(session); });
}

Result<DirectoryRows> PostgresDirectoryStore::Load(const std::set<domain::StructureId>& known) {
  const auto known_ids = ArrayText(known);
  const Transaction transaction{.name = "load directory", .rows = RowScope::Unbound(), .snapshot = true};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<DirectoryRows> {
    DirectoryRows rows;
    rows.revision = FetchRevision(session);
    FetchPartners(session, rows);
    FetchSystems(session, rows);
    FetchKeys(session, rows);
    FetchAdminTokens(session, rows);
    FetchStructures(session, known_ids, rows);
    return rows;
  });
}

}  // namespace volcanion::infrastructure
