#include "Infrastructure/PostgresServer/MemoryLimit.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace volcanion::infrastructure {

std::optional<long long> GroupMemoryLimitMb(const std::filesystem::path& groups, const std::filesystem::path& mounts) {
  std::ifstream list(groups);
  std::string line;
  std::optional<long long> least;
  while (std::getline(list, line)) {
    const bool is_version_1 = line.find(":memory:/") != std::string::npos;
    if (!is_version_1 && !line.starts_with("0::/")) continue;
    const auto root = is_version_1 ? mounts / "memory" : mounts;
    // In a container, only the root may be there.
    for (auto group = root / line.substr(line.find('/') + 1);; group = group.parent_path()) {
      std::ifstream limit(group / (is_version_1 ? "memory.limit_in_bytes" : "memory.max"));
      long long bytes = 0;
      if (limit >> bytes) least = std::min(least.value_or(bytes), bytes);  // it may be "max"
      if (group == root || !group.has_relative_path()) break;
    }
  }
  if (!least) return std::nullopt;
  return *least / (1 << 20);
}

}  // namespace volcanion::infrastructure
