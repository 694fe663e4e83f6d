#pragma once

#include <chrono>
#include <stop_token>

namespace volcanion::application {

/// Waits so long, or until a stop is requested. False when it is time to stop.
bool Pause(std::stop_token stop, std::chrono::milliseconds pause);

}  // namespace volcanion::application
