#pragma once

#include <optional>
#include <string_view>

namespace volcanion::infrastructure {

/// The values of `format` that are asserted; others are annotations.
enum class Format { kDateTime, kDate, kTime, kEmail, kIpv4, kIpv6, kUuid, kUri };

std::optional<Format> FormatNamed(std::string_view name);

/// Cheap checks of form: RFC 3339 for times (leap seconds included), RFC 5321 for the common part of e-mail addresses,
/// RFC 3986 for absolute URIs.
bool HasFormat(Format format, std::string_view text);

/// "an e-mail address such as ann@example.com".
std::string_view ExampleOf(Format format);

}  // namespace volcanion::infrastructure
