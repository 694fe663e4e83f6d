#include "Domain/Password.h"

#include <algorithm>
#include <array>
#include <string>

namespace volcanion::domain {
namespace {

/// Long ones that head the published lists of leaked passwords, in lower case and without what is put behind them.
constexpr std::array<std::string_view, 20> kTriedFirst = {
    "password",       "passwort",      "qwertyuiop",
    "qwertyuiopasdf", "1234567890",    "0987654321",
    "123456789012",   "correcthorse",  "correcthorsebatterystaple",
    "iloveyou",       "administrator", "letmein",
    "welcome",        "changeme",      "volcanion",
    "abcdefghijkl",   "qwerty",        "1q2w3e4r5t6y",
    "asdfghjkl",      "zxcvbnm",
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  return lower;
}

/// Without the digits and signs at its end, as in "password2024!!".
std::string_view Stem(std::string_view text) {
  const auto last = text.find_last_of("abcdefghijklmnopqrstuvwxyz");
  return last == std::string_view::npos ? text : text.substr(0, last + 1);
}

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool IsTriedFirst(std::string_view lower) {
  return std::any_of(kTriedFirst.begin(), kTriedFirst.end(), [&](std::string_view known) {
    if (lower == known || Stem(lower) == known) return true;
    // The same again and again: "passwordpassword".
    if (lower.size() % known.size() != 0) return false;
    for (std::size_t at = 0; at < lower.size(); at += known.size()) {
      if (lower.substr(at, known.size()) != known) return false;
    }
    return true;
  });
}

}  // namespace

std::optional<Fault> CheckPassword(std::string_view password, const Email& email) {
  const auto fault = [](const char* code, std::string message) { return Fault{"/password", code, std::move(message)}; };
  if (CountCharacters(password) < kMinPasswordCharacters) {
    return fault("too_short", "must have at least " + std::to_string(kMinPasswordCharacters) + " characters");
  }
  if (password.size() > kMaxPasswordBytes) {
    return fault("too_long", "must have at most " + std::to_string(kMaxPasswordBytes) + " bytes");
  }
  if (password.find('\0') != std::string_view::npos) return fault("invalid_character", "must not contain U+0000");
  const auto lower = Lower(password);
  const std::string_view address = email.text();
  if (lower == address || Stem(lower) == address.substr(0, address.find('@'))) {
    return fault("too_common", "must not be the e-mail address");
  }
  if (lower.find_first_not_of(lower.front()) == std::string::npos || IsTriedFirst(lower)) {
    return fault("too_common", "is among the first that are tried; choose another one");
  }
  return std::nullopt;
}

}  // namespace volcanion::domain
