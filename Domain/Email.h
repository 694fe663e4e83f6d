#pragma once

#include "Domain/Result.h"

#include <string>
#include <string_view>
#include <utility>

namespace volcanion::domain {

/// An e-mail address, in lower case: people are told apart by it, whatever the case they write it in.
class Email {
 public:
  /// The dot-atom form of RFC 5321 in ASCII, at most 254 characters, with a domain of two labels at least. kInvalid
  /// with a fault at /email for anything else.
  static Result<Email> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  bool operator==(const Email&) const = default;

 private:
  explicit Email(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace volcanion::domain
