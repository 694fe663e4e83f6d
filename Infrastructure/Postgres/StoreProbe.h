#pragma once

#include "Domain/Result.h"

#include <string>

namespace volcanion::infrastructure {

/// fsync, full_page_writes and synchronous_commit, as the server has them for connections like ours.
struct DurabilitySettings {
  std::string fsync;
  std::string full_page_writes;
  std::string synchronous_commit;

  /// Whether what is committed survives a crash. "local" waits for the disk of the server itself, which is the promise.
  bool AreSafe() const { return fsync == "on" && full_page_writes == "on" && synchronous_commit != "off"; }
};

/// kUnavailable with PostgreSQL's reason, for the operator, when the server does not answer. Opens a connection of its
/// own; blocks.
domain::Result<DurabilitySettings> ReadDurability(const std::string& connection_string);

}  // namespace volcanion::infrastructure
