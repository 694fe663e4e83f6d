#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/PasswordHasher.h"
#include "Application/Ports/PeopleStore.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::application {

struct AcceptInvitation {
  std::string token;
  std::optional<std::string> password = {};  ///< of somebody who has none; else it stays as it is
  Author author = {};                        ///< without an actor: that is the person
};

/// kInvalid when the link is not good (any more), or for a password that is missing or breaks Domain/Password.h. Hashes
/// a password; blocks.
class AcceptInvitationHandler {
 public:
  AcceptInvitationHandler(PeopleStore& store, DirectoryCache& directory, const PasswordHasher& hasher,
                          const Clock& clock, const Secrets& secrets)
      : store_(store), directory_(directory), hasher_(hasher), clock_(clock), secrets_(secrets) {}

  domain::Result<domain::Done> Handle(const AcceptInvitation& command);

 private:
  PeopleStore& store_;
  DirectoryCache& directory_;
  const PasswordHasher& hasher_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
