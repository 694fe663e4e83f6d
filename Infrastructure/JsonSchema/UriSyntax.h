#pragma once

#include <string_view>

namespace volcanion::infrastructure {

/// Whether a text is a URI reference by the grammar of RFC 3986 (section 4.1); a URI is one that has a scheme.
bool IsUriReference(std::string_view text);
bool IsUri(std::string_view text);

}  // namespace volcanion::infrastructure
