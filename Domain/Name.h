#pragma once

#include "Domain/Result.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace volcanion::domain {

/// Limits in bytes of UTF-8.
inline constexpr std::size_t kMaxNameBytes = 200;       ///< names of partners, systems and keys
inline constexpr std::size_t kMaxEventNameBytes = 255;  ///< event names
inline constexpr std::size_t kMaxEventIdBytes = 255;    ///< event ids that clients choose
inline constexpr std::size_t kMaxUserIdBytes = 255;     ///< user and anonymous ids

/// The fault of a name that people or programs chose: empty, longer than `max_bytes`, or with a control character in it
/// (NUL included, which PostgreSQL cannot store). Nothing when it is fine. `text` is valid UTF-8.
std::optional<Fault> CheckName(std::string_view text, std::string_view pointer, std::size_t max_bytes);

/// The fault of an id that a client chose: longer than `max_bytes`, or with U+0000 in it. Everything else may stand in
/// an id.
std::optional<Fault> CheckForeignId(std::string_view text, std::string_view pointer, std::size_t max_bytes);

}  // namespace volcanion::domain
