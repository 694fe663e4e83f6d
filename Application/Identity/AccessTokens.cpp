#include "Application/Identity/AccessTokens.h"

#include <utility>

namespace volcanion::application {
namespace {

constexpr char kIssuer[] = "volcanion";
constexpr char kAudience[] = "volcanion-api";
constexpr std::size_t kMaxRemembered = 10'000;

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

const DirectoryVerificationKey* AccessTokens::FindGoodKey(const Directory& directory, std::string_view id,
                                                          domain::Timestamp now) const {
  for (const auto& key : directory.verification_keys()) {
    if (key.id == id) return !key.retired_at || now < *key.retired_at + settings_.lifetime ? &key : nullptr;
  }
  return nullptr;
}

std::shared_ptr<const AccessTokens::Verified> AccessTokens::FindVerified(const domain::SecretHash& token) const {
  const std::lock_guard lock(mutex_);
  const auto found = verified_.find(token);
  return found == verified_.end() ? nullptr : found->second;
}

void AccessTokens::Remember(const domain::SecretHash& token, std::shared_ptr<const Verified> verified) const {
  const std::lock_guard lock(mutex_);
  if (verified_.size() >= kMaxRemembered) verified_.clear();  // those in use are verified once more
  verified_[token] = std::move(verified);
}

std::optional<Session> AccessTokens::Read(std::string_view token) const {
  const auto directory = directory_.Current();
  const auto now = clock_.Now();
  const auto hash = secrets_.QuickHash(token);
  auto verified = FindVerified(hash);
  const bool is_known = verified != nullptr;
  if (!is_known) {
    Verified fresh;
    auto claims = signer_.Read(token, [&](std::string_view kid) -> std::optional<std::string> {
      fresh.key_id = kid;
      const auto* key = FindGoodKey(*directory, kid, now);
      return key == nullptr ? std::nullopt : std::optional(key->public_jwk);
    });
    if (!claims) return std::nullopt;
    const auto user = domain::UserId::Parse(claims->subject);
    const auto session = domain::SessionId::Parse(claims->session);
    if (!user || !session) return std::nullopt;
    fresh.claims = *std::move(claims);
    fresh.session = {*session, *user};
    verified = std::make_shared<const Verified>(std::move(fresh));
  }
  if (FindGoodKey(*directory, verified->key_id, now) == nullptr || !verified->claims.AreGood(kIssuer, kAudience, now) ||
      directory->IsRevoked(verified->session.id)) {
    return std::nullopt;
  }
  if (!is_known) Remember(hash, verified);
  return verified->session;
}

}  // namespace volcanion::application
