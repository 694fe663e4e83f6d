#pragma once

#include <filesystem>
#include <optional>

namespace volcanion::infrastructure {

/// The least limit of a process's control groups in MiB (cgroups(7), both versions); nothing when there is none.
/// `groups` is its list of them, `mounts` the folder that they are mounted in. Does not throw.
std::optional<long long> GroupMemoryLimitMb(const std::filesystem::path& groups = "/proc/self/cgroup",
                                            const std::filesystem::path& mounts = "/sys/fs/cgroup");

}  // namespace volcanion::infrastructure
