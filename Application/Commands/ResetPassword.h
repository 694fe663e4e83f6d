#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Identity/FailureThrottle.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/MessageSender.h"
#include "Application/Ports/PasswordHasher.h"
#include "Application/Ports/PeopleStore.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Email.h"
#include "Domain/Result.h"

#include <chrono>
#include <string>

namespace volcanion::application {

inline constexpr std::chrono::hours kResetLifetime{1};

/// Sends a link to a new password to whoever has one already, and nothing to others. Blocks.
class ForgotPasswordHandler {
 public:
  ForgotPasswordHandler(PeopleStore& store, MessageSender& sender, const Clock& clock, const Secrets& secrets)
      : store_(store), sender_(sender), clock_(clock), secrets_(secrets) {}

  /// kTooManyAttempts when this address, or somebody for this e-mail, asks too often. Does not block: to be asked
  /// before the answer, which tells nothing else.
  domain::Result<domain::Done> MayAsk(const domain::Email& email, std::string_view client_address);
  domain::Result<domain::Done> Handle(const domain::Email& email);

 private:
  PeopleStore& store_;
  MessageSender& sender_;
  const Clock& clock_;
  const Secrets& secrets_;
  FailureThrottle by_account_{5, std::chrono::hours(1)};
  FailureThrottle by_address_{30, std::chrono::hours(1)};
};

struct ResetPassword {
  std::string token;
  std::string password;
  Author author = {};  ///< without an actor: that is the person
};

/// A new password, and the end of all sessions. kInvalid when the link is not good (any more), or the password breaks
/// Domain/Password.h. Hashes a password; blocks.
class ResetPasswordHandler {
 public:
  ResetPasswordHandler(PeopleStore& store, DirectoryCache& directory, const PasswordHasher& hasher, const Clock& clock,
                       const Secrets& secrets)
      : store_(store), directory_(directory), hasher_(hasher), clock_(clock), secrets_(secrets) {}

  domain::Result<domain::Done> Handle(const ResetPassword& command);

 private:
  PeopleStore& store_;
  DirectoryCache& directory_;
  const PasswordHasher& hasher_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
