#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::test {

/// RFC 4648, section 5, without padding.
inline std::string Base64Url(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char byte : bytes) {
    pending = pending << 8 | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6) text.push_back(kDigits[pending >> (bits - 6) & 63]);
  }
  if (bits > 0) text.push_back(kDigits[pending << (6 - bits) & 63]);
  return text;
}

}  // namespace volcanion::test
