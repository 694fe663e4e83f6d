#pragma once

#include "Domain/Result.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// Seals texts that lie in a store, so that who reads the store does not know them: crypto_secretbox of libsodium
/// (XSalsa20 and Poly1305, a random nonce each time). Thread-safe.
class SecretBox {
 public:
  using Key = std::array<std::uint8_t, 32>;

  /// Without a key it leaves texts as they are.
  SecretBox() = default;
  /// The first key seals, all of them open.
  explicit SecretBox(std::vector<Key> keys);

  /// A file with a key a line, 64 hexadecimal digits each; blank lines, and those that begin with #, are skipped.
  /// kInvalid when it cannot be read, holds anything else or no key, or everybody on the machine may read it.
  static domain::Result<SecretBox> FromFile(const std::filesystem::path& file);
  /// A key for such a file.
  static std::string NewKey();

  bool has_key() const { return !keys_.empty(); }
  std::string Seal(std::string_view text) const;
  static bool IsSealed(std::string_view text);
  /// Nothing when none of the keys has sealed it. What is not sealed is given back as it is.
  std::optional<std::string> Open(std::string_view text) const;

 private:
  std::vector<Key> keys_;
};

}  // namespace volcanion::infrastructure
