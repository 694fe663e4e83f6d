#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace volcanion::cli {

/// As a segment of a path or a value of a query (RFC 3986): all but unreserved characters encoded.
std::string UrlEncoded(std::string_view text);

/// A name of an event or a system as the name of a file: "/", "%", control characters and a dot at the beginning are
/// percent-encoded, the rest stands as it is.
std::string FileNameOf(std::string_view name);

/// The name behind such a name of a file; nothing when its percent-encoding is broken.
std::optional<std::string> NameOfFile(std::string_view file_name);

}  // namespace volcanion::cli
