#pragma once

#include <filesystem>

namespace volcanion::infrastructure {

/// One of the PostgreSQL versions that this machine has, with the programs of a server.
struct Installation {
  int version = 0;                 ///< the major one
  std::filesystem::path programs;  ///< the directory that has postgres and initdb
};

/// In Debian's layout, `<installations>/<major version>/bin`: the version that has made the cluster in `data`; when
/// there is no cluster, version 15 or, without that, the highest above. Throws std::runtime_error with the package to
/// install when there is none, and when `data` is something else than a cluster.
[[nodiscard]] Installation FindInstallation(const std::filesystem::path& installations,
                                            const std::filesystem::path& data);

}  // namespace volcanion::infrastructure
