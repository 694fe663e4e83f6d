#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/EventReader.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Which events of a system, or of all systems of a partner, fit these filters? A page of them.
struct FindEvents {
  EventQuery query;  ///< without `after`; with one of the partner's systems, or with none and of all
  std::optional<std::string> cursor;
};

struct FoundEvents {
  std::vector<EventRow> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
  Freshness as_of;
};

class FindEventsHandler {
 public:
  FindEventsHandler(EventReader& reader, DirectoryCache& directory) : reader_(reader), directory_(directory) {}

  /// What can be said before anything is looked for: kInvalid for a limit out of range, a cursor of another question,
  /// or a range that ends before it begins. Does not block.
  static domain::Result<FindEvents> Check(FindEvents question);
  /// Blocks. What Check() says; kNotFound without the system or the partner; kUnavailable when the read store is away.
  domain::Result<FoundEvents> Handle(FindEvents question);
  /// Blocks when the directory in memory does not know it. kNotFound without the system.
  domain::Result<domain::PartnerId> PartnerOf(domain::PartnerSystemId system);

 private:
  EventReader& reader_;
  DirectoryCache& directory_;
};

}  // namespace volcanion::application
