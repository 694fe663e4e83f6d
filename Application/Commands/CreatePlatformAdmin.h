#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/PasswordHasher.h"
#include "Application/Ports/PeopleStore.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Result.h"

#include <string>

namespace volcanion::application {

struct CreatePlatformAdmin {
  std::string email;
  std::string password;
  bool is_demo = false;
  Author author;
};

/// Somebody who looks after all partners. kInvalid for an e-mail or password that breaks a rule, kConflict when there
/// is a person with this e-mail. Hashes a password; blocks.
class CreatePlatformAdminHandler {
 public:
  CreatePlatformAdminHandler(PeopleStore& store, DirectoryCache& directory, const PasswordHasher& hasher,
                             const Clock& clock, const Secrets& secrets)
      : store_(store), directory_(directory), hasher_(hasher), clock_(clock), secrets_(secrets) {}

  domain::Result<domain::Done> Handle(const CreatePlatformAdmin& command);

 private:
  PeopleStore& store_;
  DirectoryCache& directory_;
  const PasswordHasher& hasher_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
