#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace volcanion::api {

/// Threads for work that waits for a database, so that the threads that own connections never do. Thread-safe.
class BlockingPool {
 public:
  /// `longest_wait` is what a call may wait for a thread: see RunBlocking().
  BlockingPool(int threads, std::size_t max_queued, std::chrono::milliseconds longest_wait = std::chrono::seconds(5));
  ~BlockingPool() { Stop(); }

  /// Finishes what has begun, drops what waits, and takes nothing any more. Idempotent; for one thread.
  void Stop();

  /// False when too much waits already; `work` is then dropped.
  [[nodiscard]] bool Submit(std::function<void()> work);
  std::chrono::milliseconds longest_wait() const { return longest_wait_; }

 private:
  void Run(std::stop_token stop);

  const std::size_t max_queued_;
  const std::chrono::milliseconds longest_wait_;
  std::mutex mutex_;  // guards those below
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> queue_;
  bool stopped_ = false;
  std::vector<std::jthread> threads_;  // last: stop before the rest goes
};

}  // namespace volcanion::api
