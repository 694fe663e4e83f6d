#pragma once

#include "Cli/Remote.h"
#include "Cli/SystemCommands.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::cli {

// `volcanion key ...`. Each returns the exit status, or why it could not be done. A new key is printed once, alone on
// stdout (with --json: within the object that tells of it); what is said about it goes to stderr.

struct NewKey {
  std::string name;
  std::optional<std::string> environment, expires_at;
};

struct KeyRotation {
  std::int64_t overlap_seconds = 86'400;
  std::optional<std::string> expires_at;
};

domain::Result<int> ListKeys(Remote& remote, const SystemAddress& address);
domain::Result<int> CreateKey(Remote& remote, const SystemAddress& address, const NewKey& key);
/// `key` is an id, or the prefix that lists show.
domain::Result<int> RotateKey(Remote& remote, const SystemAddress& address, const std::string& key,
                              const KeyRotation& rotation);
domain::Result<int> RevokeKey(Remote& remote, const SystemAddress& address, const std::string& key);

}  // namespace volcanion::cli
