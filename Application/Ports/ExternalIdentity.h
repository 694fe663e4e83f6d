#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace volcanion::application {

/// Who says who people are, beside us. Thread-safe; does not block.
class ExternalIdentity {
 public:
  virtual ~ExternalIdentity() = default;

  /// The e-mail address that a good token vouches for, in lower case; nothing for any other token.
  virtual std::optional<std::string> VerifiedEmailOf(std::string_view token) const = 0;
};

}  // namespace volcanion::application
