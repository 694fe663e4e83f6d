#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string_view>
#include <vector>

namespace volcanion::test::processes {

/// A directory in /tmp, which others may enter as the user that runs PostgreSQL has to. It goes when no process works
/// in it any more.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  /// Processes that have not left it after 30 seconds are killed.
  ~TemporaryDirectory();

  const std::filesystem::path& path() const { return path_; }

  /// Those that have their working directory in it, as every process of a PostgreSQL has in its data directory.
  std::vector<pid_t> ProcessesInside() const;

 private:
  std::filesystem::path path_;
};

/// Makes the file, or replaces what is in it.
void WriteFile(const std::filesystem::path& file, std::string_view text);

}  // namespace volcanion::test::processes
