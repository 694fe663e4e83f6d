#pragma once

#include "Application/Identity/AccessTokens.h"
#include "Application/Identity/FailureThrottle.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/PasswordHasher.h"
#include "Application/Ports/Secrets.h"
#include "Application/Ports/SessionStore.h"
#include "Domain/Result.h"

#include <chrono>
#include <string>

namespace volcanion::application {

struct LogIn {
  std::string email;
  std::string password;
  Author author = {};  ///< without an actor: that is the person, or nobody we know
};

/// What a person works with from now on. Both are secrets.
struct SessionTokens {
  std::string access_token;
  std::chrono::seconds expires_in{0};  ///< the access token
  std::string refresh_token;           ///< for one use
};

/// How many failures are too many, for one account and for one address.
struct LogInThrottle {
  FailureThrottle by_account{10, std::chrono::minutes(5)};
  FailureThrottle by_address{50, std::chrono::minutes(5)};
};

/// How long a log-in lasts while its refresh tokens are used.
inline constexpr std::chrono::hours kSessionLifetime{30 * 24};

/// kUnauthenticated for a wrong password and for everybody we do not know, after the same time; kTooManyAttempts.
/// Hashes a password, so few threads may call it at a time; blocks.
class LogInHandler {
 public:
  LogInHandler(SessionStore& store, AccessTokens& access_tokens, const PasswordHasher& hasher, LogInThrottle& throttle,
               const Clock& clock, const Secrets& secrets);

  domain::Result<SessionTokens> Handle(const LogIn& command);

 private:
  /// Of the person whose e-mail and password these are; nobody's take as long.
  domain::Result<std::optional<StoredCredentials>> Check(const LogIn& command);

  SessionStore& store_;
  AccessTokens& access_tokens_;
  const PasswordHasher& hasher_;
  LogInThrottle& throttle_;
  const Clock& clock_;
  const Secrets& secrets_;
  const std::string nobodys_hash_;  // to be compared with for e-mails that we do not know
};

}  // namespace volcanion::application
