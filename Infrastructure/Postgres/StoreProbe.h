#pragma once

#include "Domain/Result.h"

#include <string>

namespace volcanion::infrastructure {

/// Whether the server answers and keeps what it has acknowledged: fsync, full_page_writes and synchronous_commit on.
/// kUnavailable with what is wrong, for the operator. Opens a connection of its own; blocks.
domain::Result<domain::Done> CheckDurable(const std::string& connection_string);

/// Whether the server answers at all, likewise.
domain::Result<domain::Done> CheckReachable(const std::string& connection_string);

}  // namespace volcanion::infrastructure
