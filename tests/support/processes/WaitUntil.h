#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace volcanion::test::processes {

/// Waits for a state that comes by itself. Throws std::runtime_error with its name at the deadline.
void WaitUntil(const std::string& state, const std::function<bool()>& is_there,
               std::chrono::milliseconds deadline = std::chrono::seconds(30));

}  // namespace volcanion::test::processes
