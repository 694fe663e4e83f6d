#pragma once

#include <cstddef>
#include <string_view>

namespace volcanion::application {

/// The length in bytes of the UTF-8 character (RFC 3629) that `text` begins with; 0 when it begins with none. `text` is
/// not empty.
std::size_t Utf8Length(std::string_view text);

/// Whether all of it is UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace volcanion::application
