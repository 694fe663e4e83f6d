#include "Infrastructure/PostgresServer/Installation.h"

#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;

constexpr int kPreferredVersion = 15;

fs::path ProgramsOf(const fs::path& installations, int version) {
  return installations / std::to_string(version) / "bin";
}

std::set<int> InstalledVersions(const fs::path& installations) {
  std::set<int> versions;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(installations, ignored)) {
    const std::string name = entry.path().filename();
    int version = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), version).ec != std::errc{}) continue;
    const fs::path programs = ProgramsOf(installations, version);
    if (access((programs / "postgres").c_str(), X_OK) == 0 && access((programs / "initdb").c_str(), X_OK) == 0) {
      versions.insert(version);
    }
  }
  return versions;
}

/// Nothing when there is no cluster.
std::optional<int> VersionOf(const fs::path& data) {
  if (!fs::exists(data)) return std::nullopt;
  const FileDescriptor fd(open((data / "PG_VERSION").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, 16> text{};
  int version = 0;
  if (!fd || read(fd.get(), text.data(), text.size()) <= 0 ||
      std::from_chars(text.data(), text.data() + text.size(), version).ec != std::errc{}) {
    throw std::runtime_error(data.string() + " exists and is not a PostgreSQL data directory (no PG_VERSION)");
  }
  return version;
}

}  // namespace

Installation FindInstallation(const fs::path& installations, const fs::path& data) {
  const std::set<int> installed = InstalledVersions(installations);
  const auto one = [&](int version) { return Installation{version, ProgramsOf(installations, version)}; };
  if (const std::optional<int> wanted = VersionOf(data)) {
    if (installed.contains(*wanted)) return one(*wanted);
    throw std::runtime_error("The data in " + data.string() + " are of PostgreSQL " + std::to_string(*wanted) +
                             ", which is not installed; install the package postgresql-" + std::to_string(*wanted));
  }
  if (installed.contains(kPreferredVersion)) return one(kPreferredVersion);
  if (!installed.empty() && *installed.rbegin() > kPreferredVersion) return one(*installed.rbegin());
  throw std::runtime_error("PostgreSQL " + std::to_string(kPreferredVersion) + " or newer was not found in " +
                           installations.string() + "; install the package postgresql-" +
                           std::to_string(kPreferredVersion));
}

}  // namespace volcanion::infrastructure
