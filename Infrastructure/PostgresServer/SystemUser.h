#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::infrastructure {

/// A user as the kernel sees one.
struct UserIdentity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
  std::vector<gid_t> groups;
};

/// Nothing when the system's user database knows no such user.
[[nodiscard]] std::optional<UserIdentity> FindUser(uid_t uid);
[[nodiscard]] std::optional<UserIdentity> FindUser(const std::string& name);

/// Makes this process, which must be root's, one of `user` for good. For a child between fork and exec: it allocates
/// nothing. False, with errno, when that is not possible.
[[nodiscard]] bool Become(const UserIdentity& user) noexcept;

/// Whether `user` may enter `directory`, which only a process of that user can tell for sure: forks one. This process
/// must be root's. Throws std::system_error when there cannot be another process.
[[nodiscard]] bool MayEnter(const UserIdentity& user, const std::filesystem::path& directory);

}  // namespace volcanion::infrastructure
