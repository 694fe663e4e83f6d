#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/ManagementStore.h"
#include "Domain/Partner.h"
#include "Domain/Result.h"

#include <optional>
#include <vector>

namespace volcanion::application {

struct ChangePartner {
  domain::PartnerId partner;
  domain::PartnerChange change = {};
  std::optional<std::vector<int>> expected_revisions = {};  ///< one of these, or it has changed; nothing: whatever
  Author author = {};
};

/// Renames a partner, stops or lets on all its keys, or changes what it demands of new versions of its structures; what
/// is active stays so. kNotFound without it, kChangedMeanwhile, kInvalid for a name that breaks the rules, kConflict
/// for one that is taken.
class ChangePartnerHandler {
 public:
  ChangePartnerHandler(ManagementStore& store, DirectoryCache& directory) : store_(store), directory_(directory) {}

  domain::Result<domain::Partner> Handle(const ChangePartner& command);

 private:
  ManagementStore& store_;
  DirectoryCache& directory_;
};

}  // namespace volcanion::application
