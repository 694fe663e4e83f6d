#pragma once

#include "Infrastructure/PostgresServer/ClusterHome.h"
#include "Infrastructure/PostgresServer/PrivateClusterSettings.h"
#include "Infrastructure/PostgresServer/ServerLog.h"

#include <filesystem>
#include <stop_token>
#include <vector>

namespace volcanion::infrastructure {

/// Makes the cluster in `home.data` with `<programs>/initdb`: UTF-8, the C collation, checksums on its pages. It gets
/// that name when it is complete, and durable: a half made one is never used. Throws std::runtime_error when that
/// fails, with the end of the log, and when `stop` is requested; the program does not run any more then.
void CreateCluster(const std::filesystem::path& programs, const ClusterHome& home,
                   const PrivateClusterSettings& settings, const ServerLog& log, const std::stop_token& stop);

/// The directories of clusters that are being made or were left half made.
[[nodiscard]] std::vector<std::filesystem::path> UnfinishedClusters(const ClusterHome& home);

}  // namespace volcanion::infrastructure
