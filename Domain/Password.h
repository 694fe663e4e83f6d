#pragma once

#include "Domain/Email.h"
#include "Domain/Result.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace volcanion::domain {

/// In characters of UTF-8; and in bytes, so that hashing is bounded.
inline constexpr std::size_t kMinPasswordCharacters = 12;
inline constexpr std::size_t kMaxPasswordBytes = 256;

/// The fault, at /password, of a password that somebody chose: too short or long, one character over and over, the
/// e-mail address or what is before its @, or one of those that are tried first. Nothing when it will do.
std::optional<Fault> CheckPassword(std::string_view password, const Email& email);

}  // namespace volcanion::domain
