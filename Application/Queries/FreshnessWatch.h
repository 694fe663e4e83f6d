#pragma once

#include "Application/Ports/ReadChanges.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace volcanion::application {

/// Lets readers wait until the read store reflects a position, without a thread for each of them: one thread of its own
/// asks the store while anybody waits. Thread-safe.
class FreshnessWatch {
 public:
  struct Settings {
    std::chrono::milliseconds poll_interval{20};
    std::size_t max_waiting = 1'000;
  };

  FreshnessWatch(ReadChanges& changes, Settings settings);
  explicit FreshnessWatch(ReadChanges& changes) : FreshnessWatch(changes, Settings()) {}
  ~FreshnessWatch() { Stop(); }

  /// Calls `then` once, on the watch's thread, which it must not keep: with true when the position is reached, with
  /// false when `patience` is over or the watch stops. False when too many wait already, or it has stopped; `then` is
  /// dropped.
  [[nodiscard]] bool WhenReached(std::int64_t position, std::chrono::milliseconds patience,
                                 std::function<void(bool)> then);

  /// Lets all go that wait. Idempotent; for one thread.
  void Stop();

 private:
  struct Waiting {
    std::int64_t position;
    std::chrono::steady_clock::time_point deadline;
    std::function<void(bool)> then;
  };

  void Run(std::stop_token stop);
  /// Those that need not wait any more, with whether their position is reached.
  std::vector<std::pair<Waiting, bool>> TakeServed(std::int64_t reached);

  ReadChanges& changes_;
  const Settings settings_;

  std::mutex mutex_;  // guards those below
  std::condition_variable_any changed_;
  std::vector<Waiting> waiting_;
  bool stopped_ = false;

  std::jthread thread_;  // last: stops before the rest goes
};

}  // namespace volcanion::application
