#include "Application/Pause.h"

#include <condition_variable>
#include <mutex>

namespace volcanion::application {

bool Pause(std::stop_token stop, std::chrono::milliseconds pause) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, pause, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace volcanion::application
