#include "Infrastructure/Postgres/DemoCredentials.h"

#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <array>

namespace volcanion::infrastructure {

using domain::Done;
using domain::Result;

constexpr std::string_view kMarkPartner = R"(
  UPDATE write.partners SET is_demo = true WHERE partner_id = :id::uuid AND NOT is_demo)";

Result<Done> DemoCredentials::MarkPartner(domain::PartnerId partner) {
  const auto id = partner.ToString();
  return pool_.Run({"mark demo partner", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    session.once << kMarkPartner, soci::use(id, "id");
    return Done{};
  });
}

constexpr const char* kPartners = R"(
  SELECT partner_id::text FROM write.partners WHERE is_demo ORDER BY created_at, partner_id)";

Result<std::vector<domain::PartnerId>> DemoCredentials::ListPartners() {
  using Partners = std::vector<domain::PartnerId>;
  return pool_.Run({"list demo partners", RowScope::Unbound()}, [&](soci::session& session) -> Result<Partners> {
    Partners partners;
    std::string id;
    soci::statement statement(session);
    statement.exchange(soci::into(id));
    ForEachRow(statement, kPartners, [&] { partners.push_back(IdFromColumn<domain::PartnerId>(id)); });
    return partners;
  });
}

constexpr std::string_view kMarkAdminToken = R"(
  UPDATE write.admin_tokens SET is_demo = true WHERE token_hash = decode(:hash, 'hex') AND NOT is_demo)";

Result<Done> DemoCredentials::MarkAdminToken(const domain::SecretHash& token) {
  const auto hash = HexOf(token);
  return pool_.Run({"mark demo token", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    session.once << kMarkAdminToken, soci::use(hash, "hash");
    return Done{};
  });
}

constexpr std::string_view kCount = R"(
  SELECT (SELECT count(*) FROM write.users WHERE is_demo AND is_active)::int,
         (SELECT count(*) FROM write.admin_tokens WHERE is_demo AND revoked_at IS NULL)::int,
         (SELECT count(*)
            FROM write.api_keys AS key
            JOIN write.partner_systems AS system USING (partner_system_id)
            JOIN write.partners AS partner USING (partner_id)
           WHERE partner.is_demo AND partner.is_active AND system.is_active AND key.revoked_at IS NULL
             AND (key.expires_at IS NULL OR key.expires_at > now()))::int)";

Result<std::string> DemoCredentials::Find() {
  return pool_.Run({"find demo credentials", RowScope::Unbound()}, [&](soci::session& session) -> Result<std::string> {
    std::array<int, 3> counts{};
    session.once << kCount, soci::into(counts[0]), soci::into(counts[1]), soci::into(counts[2]);
    constexpr std::array kNames = {"people", "administrator's tokens", "API keys"};
    std::string words;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      words.append(words.empty() ? "" : ", ").append(std::to_string(counts[i])).append(" ").append(kNames[i]);
    }
    return words;
  });
}

// People before their sessions: a log-in that is under way either is over by then, or finds that it may not be.
constexpr std::array kRevocations = {
    R"(UPDATE write.users SET is_active = false WHERE is_demo AND is_active)",
    R"(UPDATE write.sessions SET revoked_at = now()
        WHERE revoked_at IS NULL AND user_id IN (SELECT user_id FROM write.users WHERE is_demo))",
    R"(UPDATE write.admin_tokens SET revoked_at = now() WHERE is_demo AND revoked_at IS NULL)",
    R"(UPDATE write.api_keys SET revoked_at = now()
        WHERE revoked_at IS NULL
          AND partner_system_id IN (SELECT partner_system_id
                                      FROM write.partner_systems
                                      JOIN write.partners AS partner USING (partner_id)
                                     WHERE partner.is_demo))",
};

Result<Done> DemoCredentials::Revoke(const application::Author& author) {
  return pool_.Run({"revoke demo credentials", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    for (const auto* statement : kRevocations) session.once << statement;
    AddAuditEntry(session, {std::nullopt, author, "demo.revoked", "credentials of the demo"});
    return Done{};
  });
}

}  // namespace volcanion::infrastructure
