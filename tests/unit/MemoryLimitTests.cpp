#include "Infrastructure/PostgresServer/MemoryLimit.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

using volcanion::infrastructure::GroupMemoryLimitMb;
namespace fs = std::filesystem;

namespace {

/// A folder with a list of groups and their files.
struct Groups {
  Groups() {
    std::string name = (fs::temp_directory_path() / "volcanion-groups-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder can be made");
    folder = name;
  }
  ~Groups() { fs::remove_all(folder); }

  void Write(const std::string& path, const std::string& text) const {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path) << text;
  }
  auto Limit() const { return GroupMemoryLimitMb(folder / "list", folder / "mounts"); }

  fs::path folder;
};

}  // namespace

TEST_SUITE("memory limit") {
  TEST_CASE_FIXTURE(Groups, "the least limit of a group and of those above it counts") {
    Write("list", "0::/system.slice/volcanion.service\n");
    CHECK_FALSE(Limit().has_value());
    Write("mounts/system.slice/volcanion.service/memory.max", "max\n");
    CHECK_FALSE(Limit().has_value());
    Write("mounts/system.slice/memory.max", "1073741824\n");
    CHECK(Limit() == 1024);
    Write("mounts/system.slice/volcanion.service/memory.max", "536870912\n");
    CHECK(Limit() == 512);
  }

  TEST_CASE_FIXTURE(Groups, "so it is with version 1, and in a container that sees no more than the root") {
    Write("list", "5:devices:/\n4:memory:/docker/4711\n");
    Write("mounts/memory.max", "1048576\n");  // of version 2: not asked for
    CHECK_FALSE(Limit().has_value());
    Write("mounts/memory/memory.limit_in_bytes", "268435456\n");
    CHECK(Limit() == 256);
  }

  TEST_CASE_FIXTURE(Groups, "without a list there is no limit") { CHECK_FALSE(Limit().has_value()); }
}
