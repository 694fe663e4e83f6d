#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/ManagementStore.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Partner.h"
#include "Domain/Result.h"

#include <string>

namespace volcanion::application {

struct CreatePartner {
  std::string name;
  domain::Compatibility compatibility = domain::Compatibility::kBackward;
  Author author = {};
};

/// kInvalid for a name that breaks the rules, kConflict for one that is taken.
class CreatePartnerHandler {
 public:
  CreatePartnerHandler(ManagementStore& store, DirectoryCache& directory, const Clock& clock, const Secrets& secrets)
      : store_(store), directory_(directory), clock_(clock), secrets_(secrets) {}

  domain::Result<domain::Partner> Handle(CreatePartner command);

 private:
  ManagementStore& store_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
