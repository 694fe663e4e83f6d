#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/EventReader.h"
#include "Application/Principal.h"
#include "Domain/Result.h"
#include "Domain/Uuid.h"

#include <optional>

namespace volcanion::application {

/// Which partner does it belong to? Nothing for what is not there. What the asker may not see is looked for in the
/// same way whether it is somebody else's or not there at all: the time tells neither.
class FindOwner {
 public:
  FindOwner(DirectoryCache& directory, EventReader& reader) : directory_(directory), reader_(reader) {}

  /// The same as OfSystem() where that is known already; nothing else. Does not block.
  std::optional<domain::PartnerId> KnownOfSystem(domain::PartnerSystemId id, const Principal& asker) const;
  /// May block.
  domain::Result<std::optional<domain::PartnerId>> OfSystem(domain::PartnerSystemId id, const Principal& asker);
  /// Blocks. Of an event in the read model.
  domain::Result<std::optional<domain::PartnerId>> OfEvent(domain::TrackingEventId id);

 private:
  DirectoryCache& directory_;
  EventReader& reader_;
};

}  // namespace volcanion::application
