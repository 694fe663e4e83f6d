#pragma once

#include "Application/Ports/PasswordHasher.h"

namespace volcanion::infrastructure {

/// argon2id by libsodium, with its limits for interactive log-ins: 64 MiB and two passes, some 0.1 s. The hash is the
/// text of crypto_pwhash_str(), which names its parameters: they can be raised without making stored ones invalid.
class SodiumPasswordHasher final : public application::PasswordHasher {
 public:
  /// std::runtime_error when the system has no random numbers.
  SodiumPasswordHasher();

  domain::Result<std::string> Hash(std::string_view password) const override;
  bool Matches(const std::string& hash, std::string_view password) const override;
};

}  // namespace volcanion::infrastructure
