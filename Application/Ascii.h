#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace volcanion::application {

/// Whether all bytes are below 128: UTF-8 that needs no closer look. Eight bytes at a time.
inline bool IsAscii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t seen = 0;
  for (; text.size() >= sizeof seen; text.remove_prefix(sizeof seen)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    seen |= word;
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & kHighBits) == 0;
}

}  // namespace volcanion::application
