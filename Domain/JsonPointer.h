#pragma once

#include <string>
#include <string_view>

namespace volcanion::domain {

/// Appends a member's name, or an index, to a JSON Pointer, escaped (RFC 6901, section 3).
void AppendPointerToken(std::string_view token, std::string& pointer);

}  // namespace volcanion::domain
