#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/UnknownEventReader.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Which event names does a partner's systems send that no active structure describes?
struct FindUnknownEvents {
  domain::PartnerId partner;
  int limit = 100;
  std::optional<std::string> cursor = {};
};

struct FoundUnknownEvents {
  std::vector<UnknownEvents> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
  Freshness as_of;
};

class FindUnknownEventsHandler {
 public:
  FindUnknownEventsHandler(UnknownEventReader& reader, DirectoryCache& directory)
      : reader_(reader), directory_(directory) {}

  /// Blocks. kNotFound without the partner; kInvalid for a limit that is not from 1 to 1,000 or a cursor of another
  /// question; kUnavailable when the read store is away.
  domain::Result<FoundUnknownEvents> Handle(const FindUnknownEvents& question);

 private:
  UnknownEventReader& reader_;
  DirectoryCache& directory_;
};

}  // namespace volcanion::application
