#include "Infrastructure/PostgresServer/FileOwnership.h"

#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>

namespace volcanion::infrastructure {

Owner OwnerOf(const std::filesystem::path& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) ThrowSystemError("Cannot look at " + path.string(), errno);
  return {found.st_uid, found.st_gid};
}

void GiveTo(int fd, Owner owner) {
  if (fchown(fd, owner.uid, owner.gid) != 0) {
    ThrowSystemError("Cannot give a file to user id " + std::to_string(owner.uid), errno);
  }
}

void GiveToServer(const std::filesystem::path& path, const std::optional<UserIdentity>& server_user) {
  if (server_user && lchown(path.c_str(), server_user->uid, server_user->gid) != 0) {
    ThrowSystemError("Cannot give " + path.string() + " to user " + server_user->name, errno);
  }
}

void MakeServerDirectory(const std::filesystem::path& path, const std::optional<UserIdentity>& server_user) {
  if (mkdir(path.c_str(), 0700) != 0) ThrowSystemError("Cannot make " + path.string(), errno);
  GiveToServer(path, server_user);
}

void MakeOwnDirectory(const std::filesystem::path& path, mode_t mode, const std::optional<UserIdentity>& group_of) {
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) ThrowSystemError("Cannot make " + path.string(), errno);
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) ThrowSystemError("Cannot look at " + path.string(), errno);
  if (!S_ISDIR(found.st_mode)) ThrowSystemError("Cannot use " + path.string(), ENOTDIR);
  if (found.st_uid != geteuid()) return;
  if ((group_of && lchown(path.c_str(), geteuid(), group_of->gid) != 0) || chmod(path.c_str(), mode) != 0) {
    ThrowSystemError("Cannot set owner and permissions of " + path.string(), errno);
  }
}

std::string RandomName() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 16; ++i) name += "0123456789abcdef"[random() % 16];
  return name;
}

}  // namespace volcanion::infrastructure
