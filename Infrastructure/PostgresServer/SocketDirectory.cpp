#include "Infrastructure/PostgresServer/SocketDirectory.h"

#include "Infrastructure/PostgresServer/FileOwnership.h"
#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;

bool CanHoldSocket(const fs::path& directory) {
  const std::string socket = directory / (".s.PGSQL." + std::string(kServerPort));
  return socket.size() < sizeof(sockaddr_un::sun_path) && socket.find_first_of(",\"") == std::string::npos;
}

/// A symbolic link to the directory in /tmp.
fs::path NoteIn(const ClusterHome& home) { return home.path / "socket-directory"; }

/// Empty when there is none.
fs::path NotedDirectory(const ClusterHome& home) {
  std::error_code none;
  return fs::read_symlink(NoteIn(home), none);
}

}  // namespace

fs::path MakeSocketDirectory(const ClusterHome& home) {
  const fs::path beside = home.path / "run";
  fs::remove_all(beside);
  if (CanHoldSocket(beside)) {
    MakeServerDirectory(beside, home.server_user);
    return beside;
  }
  DeleteOutsideSocketDirectory(home);
  fs::path directory = NotedDirectory(home);
  while (directory.empty() || mkdir(directory.c_str(), 0700) != 0) {
    if (!directory.empty() && errno != EEXIST) ThrowSystemError("Cannot make " + directory.string(), errno);
    directory = "/tmp/volcanion-" + RandomName();
    fs::remove(NoteIn(home));
    fs::create_symlink(directory, NoteIn(home));
  }
  GiveToServer(directory, home.server_user);
  return directory;
}

void DeleteOutsideSocketDirectory(const ClusterHome& home) {
  const fs::path directory = NotedDirectory(home);
  struct stat found {};
  if (directory.empty() || lstat(directory.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return;
  // Anybody may make names in /tmp: only what belongs to the server's user is ours.
  if (found.st_uid != (home.server_user ? home.server_user->uid : geteuid())) return;
  std::error_code ignored;
  fs::remove_all(directory, ignored);
}

}  // namespace volcanion::infrastructure
