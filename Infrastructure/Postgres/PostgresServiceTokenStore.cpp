#include "Infrastructure/Postgres/PostgresServiceTokenStore.h"

#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/ScopeText.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

namespace volcanion::infrastructure {

using application::AuditEntry;
using application::ServiceTokenPage;
using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

constexpr std::string_view kInsertServiceToken = R"(
  INSERT INTO write.service_tokens (service_token_id, partner_id, name, prefix, token_hash, scopes, created_by,
                                    created_at, expires_at)
  VALUES (:id::uuid, :partner::uuid, :name, :prefix, decode(:hash, 'hex'), :scopes, :created_by,
          :created_at::timestamptz, :expires_at::timestamptz))";

Result<Done> PostgresServiceTokenStore::Add(const domain::ServiceToken& token, const AuditEntry& entry) {
  const auto id = token.id.ToString();
  const auto partner = token.partner.ToString();
  const auto hash = HexOf(token.hash);
  const auto scopes = TextOf(token.scopes);
  const auto created_at = domain::FormatRfc3339(token.created_at);
  Nullable<std::string> expires_at;
  if (token.expires_at) expires_at = {domain::FormatRfc3339(*token.expires_at), soci::i_ok};
  auto added =
      pool_.Run({"add service token", RowScope::Of(token.partner)}, [&](soci::session& session) -> Result<Done> {
        session.once << kInsertServiceToken, soci::use(id, "id"), soci::use(partner, "partner"),
            soci::use(token.name, "name"), soci::use(token.prefix, "prefix"), soci::use(hash, "hash"),
            soci::use(scopes, "scopes"), soci::use(token.created_by, "created_by"), soci::use(created_at, "created_at"),
            soci::use(expires_at.value, expires_at.indicator, "expires_at");
        AddAuditEntry(session, entry);
        return Done{};
      });
  if (!added && added.error().kind == ErrorKind::kNotFound) {
    return Error{ErrorKind::kNotFound, "There is no such partner."};
  }
  return added;
}

constexpr std::string_view kPartnerIsThere = R"(
  SELECT 1 FROM write.partners WHERE partner_id = :partner::uuid)";

constexpr std::string_view kTokens = R"(
  SELECT service_token_id::text, name, prefix, scopes, created_by, (extract(epoch FROM created_at) * 1000000)::bigint,
         (extract(epoch FROM expires_at) * 1000000)::bigint
    FROM write.service_tokens
   WHERE partner_id = :partner::uuid AND revoked_at IS NULL)";

constexpr std::string_view kTokensEnd = R"(
   ORDER BY service_token_id
   LIMIT :limit)";

namespace {

ServiceTokenPage FetchTokens(soci::session& session, domain::PartnerId partner,
                             std::optional<domain::ServiceTokenId> after, int limit) {
  const auto partner_text = partner.ToString();
  std::string id, scopes;
  domain::ServiceToken token;
  long long created_at = 0;
  Nullable<long long> expires_at;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(token.name));
  statement.exchange(soci::into(token.prefix));
  statement.exchange(soci::into(scopes));
  statement.exchange(soci::into(token.created_by));
  statement.exchange(soci::into(created_at));
  statement.exchange(soci::into(expires_at.value, expires_at.indicator));
  statement.exchange(soci::use(partner_text, "partner"));
  Conditions conditions(statement);
  if (after) conditions.Add("service_token_id > :after::uuid", "after", after->ToString());
  const int one_more = limit + 1;
  statement.exchange(soci::use(one_more, "limit"));
  ServiceTokenPage page;
  ForEachRow(statement, std::string(kTokens).append(conditions.sql()).append(kTokensEnd), [&] {
    token.id = IdFromColumn<domain::ServiceTokenId>(id);
    token.partner = partner;
    token.scopes = ScopesFromColumn(scopes);
    token.created_at = TimestampFromMicros(created_at);
    token.expires_at = std::nullopt;
    if (expires_at.has_value()) token.expires_at = TimestampFromMicros(expires_at.value);
    page.items.push_back(token);
  });
  page.more = page.items.size() > static_cast<std::size_t>(limit);
  if (page.more) page.items.pop_back();
  return page;
}

}  // namespace

Result<ServiceTokenPage> PostgresServiceTokenStore::List(domain::PartnerId partner,
                                                         std::optional<domain::ServiceTokenId> after, int limit) {
  const auto id = partner.ToString();
  return pool_.Run({"list service tokens", RowScope::Of(partner)},
                   [&](soci::session& session) -> Result<ServiceTokenPage> {
                     int exists = 0;
                     session.once << kPartnerIsThere, soci::use(id, "partner"), soci::into(exists);
                     if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such partner."};
                     return FetchTokens(session, partner, after, limit);
                   });
}

constexpr std::string_view kRevokeToken = R"(
  UPDATE write.service_tokens SET revoked_at = :now::timestamptz
   WHERE partner_id = :partner::uuid AND service_token_id = :id::uuid AND revoked_at IS NULL
  RETURNING name)";

Result<Done> PostgresServiceTokenStore::Revoke(domain::PartnerId partner, domain::ServiceTokenId token,
                                               domain::Timestamp now, AuditEntry entry) {
  const auto partner_text = partner.ToString();
  const auto id = token.ToString();
  const auto now_text = domain::FormatRfc3339(now);
  return pool_.Run({"revoke service token", RowScope::Of(partner)}, [&](soci::session& session) -> Result<Done> {
    session.once << kRevokeToken, soci::use(now_text, "now"), soci::use(partner_text, "partner"), soci::use(id, "id"),
        soci::into(entry.target);
    if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such token."};
    AddAuditEntry(session, entry);
    return Done{};
  });
}

}  // namespace volcanion::infrastructure
