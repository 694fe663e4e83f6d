#pragma once

#include "Application/Ports/ManagementStore.h"
#include "Domain/Compatibility.h"
#include "Domain/Partner.h"
#include "Domain/Result.h"

#include <optional>

namespace volcanion::application {

struct ChangePartner {
  domain::PartnerId partner;
  domain::Compatibility compatibility = domain::Compatibility::kBackward;
  Author author = {};
};

/// Changes what a partner demands of new versions of its structures; what is active stays so. kNotFound without it.
class ChangePartnerHandler {
 public:
  explicit ChangePartnerHandler(ManagementStore& store) : store_(store) {}

  domain::Result<domain::Partner> Handle(const ChangePartner& command);

 private:
  ManagementStore& store_;
};

}  // namespace volcanion::application
