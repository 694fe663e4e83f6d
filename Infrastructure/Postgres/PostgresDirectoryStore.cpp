#include "Infrastructure/Postgres/PostgresDirectoryStore.h"

#include "Infrastructure/Postgres/ScopeText.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <stdexcept>

namespace volcanion::infrastructure {
namespace {

using application::DirectoryRows;
using domain::Result;

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
   WHERE revoked_at IS NULL
     AND (:with_demo::int::boolean
          OR NOT EXISTS (SELECT FROM write.partner_systems AS system
                           JOIN write.partners AS partner USING (partner_id)
                          WHERE system.partner_system_id = api_keys.partner_system_id AND partner.is_demo)))";

void FetchKeys(soci::session& session, int with_demo, DirectoryRows& rows) {
  std::string id, system, hash;
  Nullable<long long> expires_at;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(system));
  statement.exchange(soci::into(hash));
  statement.exchange(soci::into(expires_at.value, expires_at.indicator));
  statement.exchange(soci::use(with_demo, "with_demo"));
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
   WHERE revoked_at IS NULL AND (:with_demo::int::boolean OR NOT is_demo))";

void FetchAdminTokens(soci::session& session, int with_demo, DirectoryRows& rows) {
  std::string hash, name, prefix;
  soci::statement statement(session);
  statement.exchange(soci::into(hash));
  statement.exchange(soci::into(name));
  statement.exchange(soci::into(prefix));
  statement.exchange(soci::use(with_demo, "with_demo"));
  ForEachRow(statement, kAdminTokens, [&] { rows.admin_tokens.push_back({HashFromHex(hash), name, prefix}); });
}

// Who is not active is left out, and so are invitations that nobody has accepted.
constexpr const char* kPeople = R"(
  SELECT person.user_id::text, person.email, person.is_platform_admin::int, member.partner_id::text, member.role
    FROM write.users AS person
    LEFT JOIN write.memberships AS member ON member.user_id = person.user_id AND member.accepted_at IS NOT NULL
   WHERE person.is_active AND (:with_demo::int::boolean OR NOT person.is_demo)
   ORDER BY person.user_id)";

void FetchPeople(soci::session& session, int with_demo, DirectoryRows& rows) {
  std::string id, email;
  int is_platform_admin = 0;
  Nullable<std::string> partner, role;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(email));
  statement.exchange(soci::into(is_platform_admin));
  statement.exchange(soci::into(partner.value, partner.indicator));
  statement.exchange(soci::into(role.value, role.indicator));
  statement.exchange(soci::use(with_demo, "with_demo"));
  ForEachRow(statement, kPeople, [&] {
    const auto user = IdFromColumn<domain::UserId>(id);
    if (rows.people.empty() || rows.people.back().id != user) {
      rows.people.push_back({user, email, is_platform_admin != 0, {}});
    }
    if (!partner.has_value()) return;
    const auto parsed = domain::ParseRole(role.value);
    if (!parsed) throw std::runtime_error("role holds no role");
    rows.people.back().memberships.push_back({IdFromColumn<domain::PartnerId>(partner.value), *parsed});
  });
}

constexpr const char* kServiceTokens = R"(
  SELECT service_token_id::text, partner_id::text, encode(token_hash, 'hex'), name, prefix, scopes,
         (extract(epoch FROM expires_at) * 1000000)::bigint
    FROM write.service_tokens
   WHERE revoked_at IS NULL)";

void FetchServiceTokens(soci::session& session, DirectoryRows& rows) {
  std::string id, partner, hash, scopes;
  application::DirectoryServiceToken token;
  Nullable<long long> expires_at;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(partner));
  statement.exchange(soci::into(hash));
  statement.exchange(soci::into(token.name));
  statement.exchange(soci::into(token.prefix));
  statement.exchange(soci::into(scopes));
  statement.exchange(soci::into(expires_at.value, expires_at.indicator));
  ForEachRow(statement, kServiceTokens, [&] {
    token.id = IdFromColumn<domain::ServiceTokenId>(id);
    token.partner = IdFromColumn<domain::PartnerId>(partner);
    token.hash = HashFromHex(hash);
    token.scopes = ScopesFromColumn(scopes);
    token.expires_at = std::nullopt;
    if (expires_at.has_value()) token.expires_at = TimestampFromMicros(expires_at.value);
    rows.service_tokens.push_back(token);
  });
}

// Access tokens live for an hour at most: what was revoked or retired before then concerns none that is still good.
constexpr const char* kRevokedSessions = R"(
  SELECT session_id::text
    FROM write.sessions
   WHERE revoked_at > now() - interval '2 hours')";

void FetchRevokedSessions(soci::session& session, DirectoryRows& rows) {
  std::string id;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  ForEachRow(statement, kRevokedSessions,
             [&] { rows.revoked_sessions.push_back(IdFromColumn<domain::SessionId>(id)); });
}

constexpr const char* kVerificationKeys = R"(
  SELECT key_id, public_jwk, (extract(epoch FROM retired_at) * 1000000)::bigint
    FROM write.signing_keys
   WHERE retired_at IS NULL OR retired_at > now() - interval '2 hours')";

void FetchVerificationKeys(soci::session& session, DirectoryRows& rows) {
  application::DirectoryVerificationKey key;
  Nullable<long long> retired_at;
  soci::statement statement(session);
  statement.exchange(soci::into(key.id));
  statement.exchange(soci::into(key.public_jwk));
  statement.exchange(soci::into(retired_at.value, retired_at.indicator));
  ForEachRow(statement, kVerificationKeys, [&] {
    key.retired_at = std::nullopt;
    if (retired_at.has_value()) key.retired_at = TimestampFromMicros(retired_at.value);
    rows.verification_keys.push_back(key);
  });
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
    FetchKeys(session, with_demo_, rows);
    FetchAdminTokens(session, with_demo_, rows);
    FetchPeople(session, with_demo_, rows);
    FetchServiceTokens(session, rows);
    FetchRevokedSessions(session, rows);
    FetchVerificationKeys(session, rows);
    FetchStructures(session, known_ids, rows);
    return rows;
  });
}

}  // namespace volcanion::infrastructure
