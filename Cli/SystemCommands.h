#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::cli {

// `volcanion system ...`. Each returns the exit status, or why it could not be done. A system is named by its id, or by
// its name within a partner.

struct SystemFields {
  std::optional<std::string> name, invalid_events;
  std::optional<std::string> rate_limit;  ///< EVENTS_PER_SECOND:BURST, or "none"
  std::optional<bool> is_active;
};

struct SystemAddress {
  std::string partner, system;
};

domain::Result<int> ListSystems(Remote& remote, const std::string& partner, std::optional<bool> is_active);
domain::Result<int> CreateSystem(Remote& remote, const std::string& partner, const SystemFields& fields);
domain::Result<int> ShowSystem(Remote& remote, const SystemAddress& address);
/// What the fields do not give stays as it is.
domain::Result<int> ChangeSystem(Remote& remote, const SystemAddress& address, const SystemFields& fields);

}  // namespace volcanion::cli
