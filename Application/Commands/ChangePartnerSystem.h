#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/ManagementStore.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Result.h"

#include <optional>

namespace volcanion::application {

struct ChangePartnerSystem {
  domain::PartnerSystemId system;
  std::optional<domain::InvalidEventPolicy> invalid_events = {};    ///< nothing: as it is
  std::optional<std::optional<domain::RateLimit>> rate_limit = {};  ///< nothing: as it is; an empty one: no limit
  Author author = {};
};

/// Changes what becomes of a system's invalid events, or how fast it may send; events that are stored stay as they are.
/// kNotFound without it, kInvalid for a limit out of range.
class ChangePartnerSystemHandler {
 public:
  ChangePartnerSystemHandler(ManagementStore& store, DirectoryCache& directory)
      : store_(store), directory_(directory) {}

  domain::Result<domain::PartnerSystem> Handle(const ChangePartnerSystem& command);

 private:
  ManagementStore& store_;
  DirectoryCache& directory_;
};

}  // namespace volcanion::application
