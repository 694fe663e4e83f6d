#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"
#include "Application/Ports/SessionStore.h"
#include "Application/Ports/SignedTokens.h"
#include "Application/Ports/SigningKeyStore.h"
#include "Domain/Result.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::application {

struct AccessTokenSettings {
  std::chrono::seconds lifetime{600};                 ///< an hour at most
  std::chrono::seconds key_lifetime{30 * 24 * 3600};  ///< after which a new key signs
};

/// The short tokens that people show with each request: who it is and in which session. What they may do is not in
/// them: that is looked up in the directory, so that a change takes effect at once. Thread-safe.
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
  domain::Result<SigningKey> CurrentKey(std::chrono::seconds max_age);

  const SignedTokens& signer_;
  SigningKeyStore& keys_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
  const AccessTokenSettings settings_;
};

}  // namespace volcanion::application
