#include "Domain/Email.h"

#include <algorithm>

namespace volcanion::domain {
namespace {

constexpr std::size_t kMaxBytes = 254;                         // RFC 5321, 4.5.3.1.3, without the angle brackets
constexpr std::size_t kMaxLocalBytes = 64;                     // 4.5.3.1.1
constexpr std::size_t kMaxLabelBytes = 63;                     // RFC 1035, 2.3.4
constexpr std::string_view kSpecials = "!#$%&'*+-/=?^_`{|}~";  // of an atom (RFC 5322, 3.2.3)

bool IsAlphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

/// Whether the parts between dots all fit; none is empty.
template <typename Fits>
bool EachPart(std::string_view text, Fits fits) {
  while (true) {
    const auto part = text.substr(0, text.find('.'));
    if (part.empty() || !fits(part)) return false;
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

bool IsLocalPart(std::string_view text) {
  return text.size() <= kMaxLocalBytes && EachPart(text, [](std::string_view atom) {
           return std::all_of(atom.begin(), atom.end(),
                              [](char c) { return IsAlphanumeric(c) || kSpecials.find(c) != std::string_view::npos; });
         });
}

bool IsDomain(std::string_view text) {
  return text.find('.') != std::string_view::npos && EachPart(text, [](std::string_view label) {
           return label.size() <= kMaxLabelBytes && label.front() != '-' && label.back() != '-' &&
                  std::all_of(label.begin(), label.end(), [](char c) { return IsAlphanumeric(c) || c == '-'; });
         });
}

}  // namespace

Result<Email> Email::Parse(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  const auto at = lower.rfind('@');
  if (at == std::string::npos || lower.size() > kMaxBytes || !IsLocalPart(std::string_view(lower).substr(0, at)) ||
      !IsDomain(std::string_view(lower).substr(at + 1))) {
    return Error{ErrorKind::kInvalid,
                 "The e-mail address is none.",
                 {{"/email", "malformed_email", "must be an e-mail address such as ada@example.com"}}};
  }
  return Email(std::move(lower));
}

}  // namespace volcanion::domain
