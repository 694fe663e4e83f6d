#include "Infrastructure/JsonSchema/UriSyntax.h"

#include "Infrastructure/JsonSchema/Ascii.h"
#include "Infrastructure/JsonSchema/Format.h"

#include <algorithm>
#include <cstddef>

namespace volcanion::infrastructure {
namespace {

constexpr std::string_view kUnreservedMarks = "-._~";
constexpr std::string_view kSubDelimiters = "!$&'()*+,;=";

bool IsPlain(char c) {
  return IsLetter(c) || IsDigit(c) || kUnreservedMarks.find(c) != std::string_view::npos ||
         kSubDelimiters.find(c) != std::string_view::npos;
}

/// Letters, digits, marks, sub-delimiters, %XX, and what else is named.
bool ConsistsOf(std::string_view text, std::string_view others) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !IsHex(text[i + 1]) || !IsHex(text[i + 2])) return false;
      i += 2;
    } else if (!IsPlain(text[i]) && others.find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool IsScheme(std::string_view text) {
  return !text.empty() && IsLetter(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool IsFutureAddress(std::string_view text) {
  if (text.size() < 4 || (text[0] | 0x20) != 'v') return false;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  const std::string_view version = text.substr(1, dot - 1);
  return std::all_of(version.begin(), version.end(), IsHex) && text.find('%') == std::string_view::npos &&
         ConsistsOf(text.substr(dot + 1), ":");
}

bool IsAuthority(std::string_view text) {
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    if (!ConsistsOf(text.substr(0, at), ":")) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view address = text.substr(1, end - 1);
    if (!HasFormat(Format::kIpv6, address) && !IsFutureAddress(address)) return false;
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!ConsistsOf(text.substr(0, colon), "")) return false;
    port = text.substr(colon);
  }
  return port.empty() || (port[0] == ':' && std::all_of(port.begin() + 1, port.end(), IsDigit));
}

bool IsReference(std::string_view text, bool needs_scheme) {
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    if (!ConsistsOf(text.substr(hash + 1), ":@/?")) return false;
    text = text.substr(0, hash);
  }
  if (const std::size_t question = text.find('?'); question != std::string_view::npos) {
    if (!ConsistsOf(text.substr(question + 1), ":@/?")) return false;
    text = text.substr(0, question);
  }
  // A colon before any slash ends a scheme: the first segment of a relative path must not hold one.
  const std::size_t colon = text.find_first_of(":/");
  if (colon != std::string_view::npos && text[colon] == ':') {
    if (!IsScheme(text.substr(0, colon))) return false;
    text.remove_prefix(colon + 1);
  } else if (needs_scheme) {
    return false;
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t end = std::min(text.find('/'), text.size());
    if (!IsAuthority(text.substr(0, end))) return false;
    text.remove_prefix(end);
  }
  return ConsistsOf(text, ":@/");
}

}  // namespace

bool IsUriReference(std::string_view text) { return IsReference(text, false); }

bool IsUri(std::string_view text) { return IsReference(text, true); }

}  // namespace volcanion::infrastructure
