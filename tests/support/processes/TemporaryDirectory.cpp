#include "tests/support/processes/TemporaryDirectory.h"

#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <system_error>

namespace volcanion::test::processes {

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::string name = "/tmp/volcanion-test-XXXXXX";
  REQUIRE(mkdtemp(name.data()) != nullptr);
  REQUIRE(chmod(name.c_str(), 0755) == 0);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  try {
    WaitUntil("the directory is left", [this] { return ProcessesInside().empty(); });
  } catch (const std::exception&) {
    for (const auto id : ProcessesInside()) kill(id, SIGKILL);
  }
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<pid_t> TemporaryDirectory::ProcessesInside() const {
  std::vector<pid_t> ids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto id = std::atoi(entry.path().filename().c_str());
    std::error_code ignored;
    if (id > 0 && fs::read_symlink(entry.path() / "cwd", ignored).string().starts_with(path_.string()))
      ids.push_back(id);
  }
  return ids;
}

void WriteFile(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace volcanion::test::processes
