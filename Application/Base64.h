#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace volcanion::application {

/// base64url without padding (RFC 4648, section 5).
std::string EncodeBase64Url(std::string_view bytes);
/// Takes both alphabets of RFC 4648, with or without padding. Nothing for what no encoder writes.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace volcanion::application
