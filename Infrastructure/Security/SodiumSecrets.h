#pragma once

#include "Application/Ports/Secrets.h"

#include <array>

namespace volcanion::infrastructure {

/// Ids and secrets from the random numbers of the operating system, by libsodium.
///
/// A secret is "vk_live_" or "vk_test_" (an API key), "va_live_" (an administrator's token), "vs_live_" (a service
/// token), "vr_live_" (a refresh token) or "vo_live_" (for one use), 32 random bytes as 43 characters of base 62, and
/// the CRC-32 (as in zlib) of all that as 6 more: scanners of source code tell a secret from its look-alikes without
/// asking anybody. The digits of base 62 are 0-9, A-Z, a-z, the most significant first.
class SodiumSecrets final : public application::Secrets {
 public:
  /// std::runtime_error when the system has no random numbers.
  SodiumSecrets();

  /// A time before 1970 counts as 1970.
  domain::Uuid NewId(domain::Timestamp time) const override;
  application::NewSecret NewApiKey(domain::KeyEnvironment environment) const override;
  application::NewSecret NewAdminToken() const override;
  application::NewSecret NewServiceToken() const override;
  application::NewSecret NewRefreshToken() const override;
  application::NewSecret NewOneTimeToken() const override;
  /// What begins like a secret of ours and has not its length, its digits or its checksum.
  bool IsMistyped(std::string_view secret) const override;
  /// SHA-256.
  domain::SecretHash Hash(std::string_view secret) const override;
  /// BLAKE2b with a random key.
  domain::SecretHash QuickHash(std::string_view secret) const override;

 private:
  application::NewSecret NewSecretWithPrefix(std::string_view kind) const;

  std::array<unsigned char, 32> hashing_key_;
};

}  // namespace volcanion::infrastructure
