#pragma once

#include "Infrastructure/PostgresServer/PrivateClusterSettings.h"
#include "Infrastructure/PostgresServer/SystemUser.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// The database user who owns the cluster, a superuser and the only one who may connect.
inline constexpr std::string_view kClusterOwner = "volcanion_owner";

/// Where a cluster is, or will be, and whom it concerns.
struct ClusterHome {
  /// `postgres` in the cluster's directory, or what that links to. Has the data, the log and the configuration; who
  /// runs the server may enter it and not write to it.
  std::filesystem::path path;
  std::filesystem::path data;
  std::filesystem::path log_file;
  /// Whom the server runs as when this process is root's; nothing when it is the user of this process.
  std::optional<UserIdentity> server_user;
  /// The name of the user of this process.
  std::string client_user;
};

/// Finds the home of `settings.directory`, which exists and is locked, or makes an empty one; in the fallback directory
/// when the server's user may not enter `settings.directory`. Throws std::runtime_error.
[[nodiscard]] ClusterHome OpenClusterHome(const PrivateClusterSettings& settings);

/// Deletes what OpenClusterHome() has made and all that is in it. No server runs there. Throws std::runtime_error.
void DeleteClusterHome(const PrivateClusterSettings& settings, const ClusterHome& home);

}  // namespace volcanion::infrastructure
