#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/ManagementStore.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Result.h"

#include <optional>
#include <vector>

namespace volcanion::application {

struct ChangePartnerSystem {
  domain::PartnerId partner;
  domain::PartnerSystemId system;
  domain::PartnerSystemChange change = {};
  std::optional<std::vector<int>> expected_revisions = {};  ///< one of these, or it has changed; nothing: whatever
  Author author = {};
};

/// Renames a system, stops or lets on its keys, or changes what becomes of its invalid events, or how fast it may send;
/// the verdicts of events that are stored stay as they are. kNotFound without it, kChangedMeanwhile, kInvalid for a
/// name or a limit that breaks the rules, kConflict for a name that is taken.
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
