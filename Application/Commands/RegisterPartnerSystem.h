#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/ManagementStore.h"
#include "Application/Ports/Secrets.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::application {

struct RegisterPartnerSystem {
  domain::PartnerId partner;
  std::string name;
  domain::InvalidEventPolicy invalid_events = domain::InvalidEventPolicy::kFlag;
  std::optional<domain::RateLimit> rate_limit = {};
  Author author = {};
};

/// kInvalid for a name that breaks the rules, kNotFound without the partner, kConflict for a name that is taken in it.
class RegisterPartnerSystemHandler {
 public:
  RegisterPartnerSystemHandler(ManagementStore& store, DirectoryCache& directory, const Clock& clock,
                               const Secrets& secrets)
      : store_(store), directory_(directory), clock_(clock), secrets_(secrets) {}

  domain::Result<domain::PartnerSystem> Handle(RegisterPartnerSystem command);

 private:
  ManagementStore& store_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
