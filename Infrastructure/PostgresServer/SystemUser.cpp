#include "Infrastructure/PostgresServer/SystemUser.h"

#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace volcanion::infrastructure {
namespace {

/// `look_up` is getpwuid_r() or getpwnam_r() with its first argument bound.
template <typename LookUp>
std::optional<UserIdentity> Find(LookUp look_up) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (look_up(&entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;

  UserIdentity user{entry.pw_uid, entry.pw_gid, entry.pw_name, std::vector<gid_t>(64)};
  int count = static_cast<int>(user.groups.size());
  if (getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
    getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count);
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

}  // namespace

std::optional<UserIdentity> FindUser(uid_t uid) {
  return Find([uid](auto... into) { return getpwuid_r(uid, into...); });
}

std::optional<UserIdentity> FindUser(const std::string& name) {
  return Find([&name](auto... into) { return getpwnam_r(name.c_str(), into...); });
}

bool Become(const UserIdentity& user) noexcept {
  return setgroups(user.groups.size(), user.groups.data()) == 0 && setgid(user.gid) == 0 && setuid(user.uid) == 0;
}

bool MayEnter(const UserIdentity& user, const std::filesystem::path& directory) {
  const pid_t child = fork();
  if (child < 0) ThrowSystemError("Cannot fork", errno);
  if (child == 0) _exit(Become(user) && access(directory.c_str(), X_OK) == 0 ? 0 : 1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace volcanion::infrastructure
