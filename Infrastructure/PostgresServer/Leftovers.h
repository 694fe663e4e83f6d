#pragma once

#include "Infrastructure/PostgresServer/ClusterHome.h"
#include "Infrastructure/PostgresServer/PrivateClusterSettings.h"

#include <stop_token>

namespace volcanion::infrastructure {

/// Ends what an earlier run, killed perhaps, has left running in `home`: its server, with a clean shutdown if it still
/// can, and the making of a cluster. Whoever started them is gone, as the caller holds the directory's lock. Deletes
/// clusters that were left half made, and a postmaster.pid for which the server would refuse to start. Throws
/// std::runtime_error when a process cannot be ended, or when `stop` is requested.
void EndLeftovers(const ClusterHome& home, const PrivateClusterSettings& settings, const std::stop_token& stop);

}  // namespace volcanion::infrastructure
