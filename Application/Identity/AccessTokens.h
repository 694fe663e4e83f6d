#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"
#include "Application/Ports/SessionStore.h"
#include "Application/Ports/SignedTokens.h"
#include "Application/Ports/SigningKeyStore.h"
#include "Domain/Result.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace volcanion::application {

struct AccessTokenSettings {
  std::chrono::seconds lifetime{600};                 ///< an hour at most
  std::chrono::seconds key_lifetime{30 * 24 * 3600};  ///< after which a new key signs
};

/// The short tokens that people show with each request: who it is and in which session. What they may do is not in
/// them: that is looked up in the directory, so that a change takes effect at once.
///
/// Verifying a signature takes longer than answering from memory, and the same token comes again and again. So what a
/// good signature covers is remembered by the token's hash; whether its key, its time and its session are good is asked
/// each time. Thread-safe.
class AccessTokens {
 public:
  AccessTokens(const SignedTokens& signer, SigningKeyStore& keys, DirectoryCache& directory, const Clock& clock,
               const Secrets& secrets, AccessTokenSettings settings)
      : signer_(signer), keys_(keys), directory_(directory), clock_(clock), secrets_(secrets), settings_(settings) {}

  /// Blocks.
  domain::Result<std::string> Issue(const Session& session);
  /// Retires the key that signs. Blocks.
  domain::Result<domain::Done> ChangeKey();
  /// Whose session the token is of; nothing for one that we did not issue, or that is not good any more. Does not
  /// block.
  std::optional<Session> Read(std::string_view token) const;
  std::chrono::seconds lifetime() const { return settings_.lifetime; }

 private:
  /// What a token says that one of our keys has signed.
  struct Verified {
    std::string key_id;
    TokenClaims claims;
    Session session;
  };
  domain::Result<SigningKey> CurrentKey(std::chrono::seconds max_age);
  const DirectoryVerificationKey* FindGoodKey(const Directory& directory, std::string_view id,
                                              domain::Timestamp now) const;
  std::shared_ptr<const Verified> FindVerified(const domain::SecretHash& token) const;
  void Remember(const domain::SecretHash& token, std::shared_ptr<const Verified> verified) const;

  const SignedTokens& signer_;
  SigningKeyStore& keys_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
  const AccessTokenSettings settings_;

  mutable std::mutex mutex_;  // guards the one below
  mutable std::unordered_map<domain::SecretHash, std::shared_ptr<const Verified>> verified_;
};

}  // namespace volcanion::application
