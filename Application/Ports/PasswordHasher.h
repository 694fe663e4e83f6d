#pragma once

#include "Domain/Result.h"

#include <string>
#include <string_view>

namespace volcanion::application {

/// Turns passwords into what may be stored of them. Slow and memory-hungry on purpose: to be called by few threads at a
/// time. Thread-safe.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;

  /// With a salt of its own and all parameters in it. kUnavailable without enough memory.
  virtual domain::Result<std::string> Hash(std::string_view password) const = 0;
  virtual bool Matches(const std::string& hash, std::string_view password) const = 0;
};

}  // namespace volcanion::application
