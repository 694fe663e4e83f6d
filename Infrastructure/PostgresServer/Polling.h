#pragma once

#include <chrono>
#include <stdexcept>
#include <stop_token>

namespace volcanion::infrastructure {

/// How often the steps of a server's start look again at what they wait for.
inline constexpr std::chrono::milliseconds kPollInterval{20};

/// Called between two looks: throws std::runtime_error when the start is to be given up.
inline void ThrowIfStopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw std::runtime_error("The start of PostgreSQL was interrupted");
}

}  // namespace volcanion::infrastructure
