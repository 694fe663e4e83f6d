#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::domain {

/// An instant in UTC, to the microsecond, from year 1 to year 9999.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Reads RFC 3339 (section 5.6): full date, 'T' or 't' or a space, time with optional fraction, and 'Z', 'z' or a
/// numeric offset. Digits of the fraction beyond microseconds are cut off; second 60 is read as the next minute's
/// second 0. Nothing for anything else, "now", "infinity" and a missing offset included.
std::optional<Timestamp> ParseRfc3339(std::string_view text);

/// "2026-11-20T10:00:00.000000Z": always 27 characters, so that texts sort as instants do.
std::string FormatRfc3339(Timestamp time);

}  // namespace volcanion::domain
