#include "Infrastructure/JsonSchema/Format.h"

#include "Infrastructure/JsonSchema/Ascii.h"
#include "Infrastructure/JsonSchema/EcmaSyntax.h"
#include "Infrastructure/JsonSchema/UriSyntax.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace volcanion::infrastructure {
namespace {

/// The number that `count` digits at `at` make; -1 when they are not all digits.
int Digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  for (const char c : text.substr(at, count)) {
    if (!IsDigit(c)) return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

bool IsDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1) return false;
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

bool IsTime(std::string_view text) {
  if (text.size() < 9 || text[2] != ':' || text[5] != ':') return false;
  const int hour = Digits(text, 0, 2);
  const int minute = Digits(text, 3, 2);
  const int second = Digits(text, 6, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  std::size_t at = 8;
  if (text[at] == '.') {
    const std::size_t first = ++at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    if (at == first) return false;
  }
  int offset = 0;
  if (at >= text.size()) return false;
  if ((text[at] | 0x20) == 'z') {
    if (at + 1 != text.size()) return false;
  } else {
    if ((text[at] != '+' && text[at] != '-') || text.size() != at + 6 || text[at + 3] != ':') return false;
    const int offset_hour = Digits(text, at + 1, 2);
    const int offset_minute = Digits(text, at + 4, 2);
    if (offset_hour < 0 || offset_hour > 23 || offset_minute < 0 || offset_minute > 59) return false;
    offset = (offset_hour * 60 + offset_minute) * (text[at] == '-' ? -1 : 1);
  }
  // A leap second is the last of a day in UTC.
  return second != 60 || (hour * 60 + minute - offset + 2 * 24 * 60) % (24 * 60) == 23 * 60 + 59;
}

bool IsDateTime(std::string_view text) {
  return text.size() > 11 && (text[10] | 0x20) == 't' && IsDate(text.substr(0, 10)) && IsTime(text.substr(11));
}

bool IsIpv4(std::string_view text) {
  int parts = 0;
  while (parts < 4) {
    const std::size_t end = std::min(text.find('.'), text.size());
    if (end == 0 || end > 3 || (end > 1 && text[0] == '0')) return false;
    const int number = Digits(text, 0, end);
    if (number < 0 || number > 255) return false;
    ++parts;
    if (end == text.size()) return parts == 4;
    text.remove_prefix(end + 1);
  }
  return false;
}

bool IsIpv6(std::string_view text) {
  int groups = 0;
  bool compressed = false;
  if (text.starts_with("::")) {
    compressed = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, end);
    if (end == text.size() && group.find('.') != std::string_view::npos) {
      if (!IsIpv4(group)) return false;
      groups += 2;
      break;
    }
    if (group.empty() || group.size() > 4 || !std::all_of(group.begin(), group.end(), IsHex)) return false;
    ++groups;
    text.remove_prefix(end);
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.starts_with(':')) {
      if (compressed) return false;
      compressed = true;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return false;
    }
  }
  return compressed ? groups < 8 : groups == 8;
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

bool IsHostName(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (;;) {
    const std::size_t end = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, end);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == '-'; }))
      return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

/// What may stand between the quotes of an e-mail address.
bool IsQuoted(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return false;
    if (text[i] == '\\' && ++i == text.size()) return false;
    if (text[i] < 0x20 || text[i] > 0x7e) return false;
  }
  return true;
}

bool IsEmail(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  if (local.size() > 1 && local.front() == '"' && local.back() == '"') {
    if (!IsQuoted(local.substr(1, local.size() - 2))) return false;
  } else {
    if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
    static constexpr std::string_view kAllowed = ".!#$%&'*+/=?^_`{|}~-";
    const auto allowed = [](char c) { return IsLetter(c) || IsDigit(c) || kAllowed.find(c) != std::string_view::npos; };
    if (!std::all_of(local.begin(), local.end(), allowed)) return false;
  }
  if (domain.starts_with('[') && domain.ends_with(']')) {
    const std::string_view address = domain.substr(1, domain.size() - 2);
    return address.starts_with("IPv6:") ? IsIpv6(address.substr(5)) : IsIpv4(address);
  }
  return IsHostName(domain);
}

bool IsJsonPointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

struct Entry {
  std::string_view name;
  Format format;
  bool (*holds)(std::string_view);
  std::string_view example;
};

constexpr std::array<Entry, 12> kFormats = {{
    {"date-time", Format::kDateTime, IsDateTime, "a date and time such as 2026-11-20T10:00:00Z"},
    {"date", Format::kDate, IsDate, "a date such as 2026-11-20"},
    {"time", Format::kTime, IsTime, "a time such as 10:00:00Z"},
    {"email", Format::kEmail, IsEmail, "an e-mail address such as ann@example.com"},
    {"hostname", Format::kHostname, IsHostName, "a host name such as www.example.com"},
    {"ipv4", Format::kIpv4, IsIpv4, "an IPv4 address such as 192.0.2.1"},
    {"ipv6", Format::kIpv6, IsIpv6, "an IPv6 address such as 2001:db8::1"},
    {"uuid", Format::kUuid, IsUuid, "a UUID such as 018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f"},
    {"uri", Format::kUri, IsUri, "an absolute URI such as https://example.com/path"},
    {"uri-reference", Format::kUriReference, IsUriReference, "a URI or a relative reference such as ../a?b#c"},
    {"json-pointer", Format::kJsonPointer, IsJsonPointer, "a JSON Pointer such as /a/0"},
    {"regex", Format::kRegex, IsEcmaPattern, "a regular expression such as ^[a-z]+$"},
}};

const Entry& EntryOf(Format format) { return kFormats[static_cast<std::size_t>(format)]; }

}  // namespace

std::optional<Format> FormatNamed(std::string_view name) {
  for (const Entry& entry : kFormats) {
    if (entry.name == name) return entry.format;
  }
  return std::nullopt;
}

bool HasFormat(Format format, std::string_view text) { return EntryOf(format).holds(text); }

std::string_view ExampleOf(Format format) { return EntryOf(format).example; }

}  // namespace volcanion::infrastructure
