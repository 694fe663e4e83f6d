#include "tests/support/processes/WaitUntil.h"

#include <stdexcept>
#include <thread>

namespace volcanion::test::processes {

using std::chrono::steady_clock;

void WaitUntil(const std::string& state, const std::function<bool()>& is_there, std::chrono::milliseconds deadline) {
  const auto end = steady_clock::now() + deadline;
  while (!is_there()) {
    if (steady_clock::now() >= end) throw std::runtime_error("this did not come to be: " + state);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace volcanion::test::processes
