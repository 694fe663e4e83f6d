#pragma once

#include "Infrastructure/PostgresServer/ClusterHome.h"

#include <filesystem>
#include <string_view>

namespace volcanion::infrastructure {

/// Only part of the socket's name, as no network is listened to.
inline constexpr std::string_view kServerPort = "5432";

/// Makes the empty directory for the server's socket: `run` beside the data, or where its path does not fit (sun_path
/// has 108 bytes) or libpq would not take it (a comma separates hosts) one in /tmp. That one has a random name, which
/// the home keeps so that it stays the same. Throws std::runtime_error.
[[nodiscard]] std::filesystem::path MakeSocketDirectory(const ClusterHome& home);

/// Deletes the one in /tmp, if there is one; its name stays kept. Errors are ignored.
void DeleteOutsideSocketDirectory(const ClusterHome& home);

}  // namespace volcanion::infrastructure
