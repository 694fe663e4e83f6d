#pragma once

#include <optional>
#include <string_view>

namespace volcanion::infrastructure {

/// The values of `format` that are asserted; others are annotations.
enum class Format {
  kDateTime,
  kDate,
  kTime,
  kEmail,
  kHostname,
  kIpv4,
  kIpv6,
  kUuid,
  kUri,
  kUriReference,
  kJsonPointer,
  kRegex,
};

std::optional<Format> FormatNamed(std::string_view name);

/// Checks of form alone, in time linear in the text, which must be valid UTF-8: RFC 3339 for times (leap seconds
/// included), RFC 5321 (section 4.1.2) for e-mail addresses, RFC 1123 for host names, RFC 4291 for IPv6, RFC 4122 for
/// UUIDs of any version, RFC 3986 for URIs, RFC 6901 for JSON Pointers, ECMA 262 for regular expressions.
bool HasFormat(Format format, std::string_view text);

/// "an e-mail address such as ann@example.com".
std::string_view ExampleOf(Format format);

}  // namespace volcanion::infrastructure
