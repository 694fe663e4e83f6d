#pragma once

#include "Application/Ports/Clock.h"

#include <chrono>

namespace volcanion::infrastructure {

/// The clock of the operating system.
class SystemClock final : public application::Clock {
 public:
  domain::Timestamp Now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace volcanion::infrastructure
