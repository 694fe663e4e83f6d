#include "Application/JsonRepair.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace volcanion::application {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t SkipDigits(std::string_view text, std::size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

/// The length of the JSON number that starts at `start`; 0 when there is none.
std::size_t NumberLength(std::string_view text, std::size_t start) {
  std::size_t at = start;
  if (at < text.size() && text[at] == '-') ++at;
  if (at >= text.size() || !IsDigit(text[at])) return 0;
  at = text[at] == '0' ? at + 1 : SkipDigits(text, at);
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = SkipDigits(text, at + 1);
    if (fraction == at + 1) return 0;
    at = fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t digits = at + 1;
    if (digits < text.size() && (text[digits] == '-' || text[digits] == '+')) ++digits;
    at = SkipDigits(text, digits);
    if (at == digits) return 0;
  }
  return at - start;
}

/// Well within what RapidJSON takes: no exponent of three digits and no more digits than a double has magnitudes.
bool IsOrdinary(std::string_view number) {
  if (number.size() > 200) return false;
  const std::size_t exponent = number.find_first_of("eE");
  return exponent == std::string_view::npos || number.size() - exponent <= 3;
}

std::optional<unsigned> EscapedUnit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (IsDigit(c)) {
      unit = unit * 16 + static_cast<unsigned>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit * 16 + static_cast<unsigned>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return unit;
}

bool IsHighSurrogate(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLowSurrogate(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// Repairs the escape at `at` and returns its length.
std::size_t RepairEscape(std::string& json, std::size_t at) {
  const std::optional<unsigned> unit = EscapedUnit(json, at);
  if (!unit) return 2;
  if (IsHighSurrogate(*unit)) {
    const std::optional<unsigned> next = EscapedUnit(json, at + 6);
    if (next && IsLowSurrogate(*next)) return 12;
  }
  if (IsHighSurrogate(*unit) || IsLowSurrogate(*unit)) std::memcpy(json.data() + at, "\\ufffd", 6);
  return 6;
}

}  // namespace

bool MayHoldSurrogates(std::string_view json) {
  for (std::size_t at = json.find('\\'); at != std::string_view::npos; at = json.find('\\', at + 2)) {
    if (at + 2 < json.size() && json[at + 1] == 'u' && (json[at + 2] | 0x20) == 'd') return true;
  }
  return false;
}

std::vector<LongNumber> RepairJson(std::string& json) {
  std::vector<LongNumber> numbers;
  bool in_string = false;
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (in_string) {
      if (c == '\\') {
        at += RepairEscape(json, at);
        continue;
      }
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '-' || IsDigit(c)) {
      const std::size_t length = std::max<std::size_t>(NumberLength(json, at), 1);
      const std::string_view number = std::string_view(json).substr(at, length);
      if (!IsOrdinary(number)) {
        numbers.push_back({at, std::string(number)});
        std::fill_n(json.begin() + static_cast<std::ptrdiff_t>(at), length, ' ');
        json[at] = '0';
      }
      at += length;
      continue;
    }
    ++at;
  }
  return numbers;
}

}  // namespace volcanion::application
