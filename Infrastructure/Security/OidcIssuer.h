#pragma once

#include "Application/Ports/Clock.h"
#include "Application/Ports/ExternalIdentity.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/SignedTokens.h"
#include "Domain/Result.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace volcanion::infrastructure {

struct OidcSettings {
  std::string issuer;    ///< the iss of its tokens, exactly
  std::string audience;  ///< which must be among their aud
  std::string jwks;      ///< its keys: a file, or a URL of https (http for this machine's own addresses)
  std::chrono::seconds reload{300};
};

/// The issuer of a company (https://openid.net/specs/openid-connect-core-1_0.html, ID tokens), whose tokens are good
/// for members with the e-mail address that they vouch for. Its keys come from where the configuration says, and are
/// loaded again from time to time, and when a token names one that is not known, every ten seconds at most.
class OidcIssuer final : public application::ExternalIdentity {
 public:
  OidcIssuer(OidcSettings settings, const application::SignedTokens& tokens, const application::Clock& clock,
             application::Log& log);

  std::optional<std::string> VerifiedEmailOf(std::string_view token) const override;
  /// Loads the keys now; the old ones stay in force when that fails. Blocks.
  domain::Result<domain::Done> Load();

 private:
  using Keys = std::map<std::string, std::string, std::less<>>;  // public JWK by kid

  void Reload(std::stop_token stop);

  const OidcSettings settings_;
  const application::SignedTokens& tokens_;
  const application::Clock& clock_;
  application::Log& log_;

  mutable std::mutex mutex_;  // guards those below
  mutable std::condition_variable_any wanted_;
  mutable bool is_wanted_ = false;
  std::shared_ptr<const Keys> keys_ = std::make_shared<Keys>();

  std::jthread loader_;  // last: stops before the rest goes
};

}  // namespace volcanion::infrastructure
