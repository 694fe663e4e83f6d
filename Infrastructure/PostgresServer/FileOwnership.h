#pragma once

#include "Infrastructure/PostgresServer/SystemUser.h"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace volcanion::infrastructure {

// A cluster's files belong to two users when this process is root's: to the server's user what the server writes, to
// the owner of the directory the rest. `server_user` is nothing when the server runs as the user of this process. All
// of these throw std::system_error.

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Whom `path` belongs to.
[[nodiscard]] Owner OwnerOf(const std::filesystem::path& path);

/// Gives an open file to `owner`.
void GiveTo(int fd, Owner owner);

/// Gives `path`, itself and not what it points to, to the server.
void GiveToServer(const std::filesystem::path& path, const std::optional<UserIdentity>& server_user);

/// Makes `path`, which must not exist, for the server alone.
void MakeServerDirectory(const std::filesystem::path& path, const std::optional<UserIdentity>& server_user);

/// Makes `path` when it does not exist, and sees to its permissions unless it is another user's. It belongs to the
/// user of this process, and to the group of `group_of`.
void MakeOwnDirectory(const std::filesystem::path& path, mode_t mode, const std::optional<UserIdentity>& group_of);

/// 16 random hexadecimal digits.
[[nodiscard]] std::string RandomName();

}  // namespace volcanion::infrastructure
