#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace volcanion::api {

enum class GunzipOutcome {
  kDone,
  kCorrupt,   ///< not gzip, damaged, cut short, or followed by something else
  kTooLarge,  ///< unpacks to more than the limit
};

/// Unpacks the gzip members in `packed` (RFC 1952; one or several) to `plain`. Never holds more than `max_bytes` and a
/// byte of output, however much the input would unpack to.
[[nodiscard]] GunzipOutcome Gunzip(std::string_view packed, std::size_t max_bytes, std::string& plain);

/// Packs to one gzip member.
[[nodiscard]] std::string GzipPack(std::string_view plain);

}  // namespace volcanion::api
