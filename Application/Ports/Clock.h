#pragma once

#include "Domain/Timestamp.h"

namespace volcanion::application {

/// The wall clock. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual domain::Timestamp Now() const = 0;
};

}  // namespace volcanion::application
