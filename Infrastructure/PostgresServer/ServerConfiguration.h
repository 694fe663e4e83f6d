#pragma once

#include "Infrastructure/PostgresServer/ClusterHome.h"
#include "Infrastructure/PostgresServer/PrivateClusterSettings.h"

#include <filesystem>

namespace volcanion::infrastructure {

/// Writes postgresql.conf, pg_hba.conf and pg_ident.conf to `home.path`, where the server may read and not change them.
/// The server listens in `socket_directory` only, to the user of this process only; what it has acknowledged is
/// durable (but for `settings.fsync`); its log has no payloads. Throws std::runtime_error.
void WriteConfiguration(const ClusterHome& home, const std::filesystem::path& socket_directory,
                        const PrivateClusterSettings& settings);

}  // namespace volcanion::infrastructure
