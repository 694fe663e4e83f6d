#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace volcanion::infrastructure {

/// What a process tells about itself in a file: its id in the first line and, in a server's postmaster.pid, its state
/// in the eighth ("starting", "ready"; PostgreSQL's src/include/utils/pidfile.h).
struct PidFile {
  std::optional<pid_t> pid;
  std::string status;
};

/// What cannot be read, or is not there yet, is left out.
[[nodiscard]] PidFile ReadPidFile(const std::filesystem::path& file);

}  // namespace volcanion::infrastructure
