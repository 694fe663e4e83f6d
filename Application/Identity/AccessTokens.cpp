#include "Application/Identity/AccessTokens.h"

#include <utility>

namespace volcanion::application {
namespace {

constexpr char kIssuer[] = "volcanion";
constexpr char kAudience[] = "volcanion-api";

}  // namespace

domain::Result<SigningKey> AccessTokens::CurrentKey(std::chrono::seconds max_age) {
  const auto now = clock_.Now();
  bool is_new = false;
  auto key = keys_.Current(now - max_age, now, [&] {
    is_new = true;
    return signer_.NewKey(secrets_.NewId(now).ToString());
  });
  if (key && is_new) (void)directory_.Refresh();  // verifies here at once; the others look it up when they meet it
  return key;
}

domain::Result<std::string> AccessTokens::Issue(const Session& session) {
  const auto key = CurrentKey(settings_.key_lifetime);
  if (!key) return key.error();
  TokenClaims claims;
  claims.issuer = kIssuer;
  claims.audiences = {kAudience};
  claims.subject = session.user.ToString();
  claims.session = session.id.ToString();
  claims.issued_at = claims.not_before = clock_.Now();
  claims.expires_at = *claims.issued_at + settings_.lifetime;
  return signer_.Sign(*key, claims);
}

domain::Result<domain::Done> AccessTokens::ChangeKey() {
  const auto key = CurrentKey(std::chrono::seconds(0));
  return key ? domain::Result<domain::Done>(domain::Done{}) : key.error();
}

std::optional<Session> AccessTokens::Read(std::string_view token) const {
  const auto directory = directory_.Current();
  const auto now = clock_.Now();
  const auto claims = signer_.Read(token, [&](std::string_view kid) -> std::optional<std::string> {
    for (const auto& key : directory->verification_keys()) {
      if (key.id != kid) continue;
      const bool is_good = !key.retired_at || now < *key.retired_at + settings_.lifetime;
      return is_good ? std::optional(key.public_jwk) : std::nullopt;
    }
    return std::nullopt;
  });
  if (!claims || !claims->AreGood(kIssuer, kAudience, now)) return std::nullopt;
  const auto user = domain::UserId::Parse(claims->subject);
  const auto session = domain::SessionId::Parse(claims->session);
  if (!user || !session || directory->IsRevoked(*session)) return std::nullopt;
  return Session{*session, *user};
}

}  // namespace volcanion::application
