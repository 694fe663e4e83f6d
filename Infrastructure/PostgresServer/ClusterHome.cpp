#include "Infrastructure/PostgresServer/ClusterHome.h"

#include "Infrastructure/PostgresServer/FileOwnership.h"

#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;

fs::path EntryOf(const PrivateClusterSettings& settings) { return settings.directory / "postgres"; }

fs::path Resolved(const fs::path& entry) {
  if (!fs::is_symlink(fs::symlink_status(entry))) return entry;
  std::error_code error;
  const fs::path target = fs::canonical(entry, error);
  if (!error) return target;
  throw std::runtime_error(entry.string() + " points to " + fs::read_symlink(entry).string() +
                           ", which is not there (" + error.message() +
                           "); put it back, or delete the link to begin without data");
}

UserIdentity UserWithId(uid_t uid) {
  if (auto user = FindUser(uid)) return *std::move(user);
  throw std::runtime_error("User id " + std::to_string(uid) +
                           " has no name (getent passwd knows none), and PostgreSQL does not run without one");
}

/// The owner of the data or, for a new cluster, the one that the settings name.
std::optional<UserIdentity> ServerUser(const fs::path& data, const std::string& configured) {
  if (geteuid() != 0) return std::nullopt;
  struct stat found {};
  if (stat(data.c_str(), &found) == 0) {
    if (found.st_uid != 0) return UserWithId(found.st_uid);
    throw std::runtime_error(data.string() + " belongs to root, as whom PostgreSQL does not run; chown it to " +
                             configured);
  }
  if (auto user = FindUser(configured)) return user;
  throw std::runtime_error("PostgreSQL does not run as root, and the user \"" + configured +
                           "\" to run it instead does not exist; the package postgresql-15 makes it");
}

}  // namespace

ClusterHome OpenClusterHome(const PrivateClusterSettings& settings) {
  ClusterHome home;
  home.path = Resolved(EntryOf(settings));
  home.client_user = UserWithId(geteuid()).name;
  home.server_user = ServerUser(home.path / "data", settings.server_user);
  const mode_t mode = home.server_user ? 0710 : 0700;
  if (home.server_user && !fs::exists(home.path) && !MayEnter(*home.server_user, settings.directory)) {
    if (!fs::exists(settings.fallback_directory)) MakeOwnDirectory(settings.fallback_directory, 0755, std::nullopt);
    home.path = settings.fallback_directory / RandomName();
    settings.progress("user " + home.server_user->name + " may not enter " + settings.directory.string() +
                      ": the database is in " + home.path.string());
    MakeOwnDirectory(home.path, mode, home.server_user);
    fs::create_directory_symlink(home.path, EntryOf(settings));
  }
  MakeOwnDirectory(home.path, mode, home.server_user);
  if (home.server_user && !MayEnter(*home.server_user, home.path)) {
    throw std::runtime_error("User " + home.server_user->name + ", who runs PostgreSQL, may not enter " +
                             home.path.string() +
                             "; give that user search permission on it and on the directories above it");
  }
  home.data = home.path / "data";
  home.log_file = home.path / "log" / "postgres.log";
  return home;
}

void DeleteClusterHome(const PrivateClusterSettings& settings, const ClusterHome& home) {
  fs::remove_all(home.path);
  const fs::path entry = EntryOf(settings);
  if (!fs::is_symlink(fs::symlink_status(entry))) return;
  fs::remove(entry);
  std::error_code in_use;
  fs::remove(settings.fallback_directory, in_use);  // when it is empty now
}

}  // namespace volcanion::infrastructure
