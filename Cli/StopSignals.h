#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <stop_token>
#include <thread>

namespace volcanion::cli {

/// SIGINT, SIGTERM and SIGHUP as a stop token. Make it before any other thread: they inherit the blocked signals. The
/// second signal ends the process at once, for whoever does not want to wait for a clean stop.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();

  /// Asked to stop by the first signal, or by RequestStop().
  std::stop_token token() const { return stop_.get_token(); }
  /// What a signal does, from any thread.
  void RequestStop() { stop_.request_stop(); }
  /// Returns when a stop is asked for, or false when it was not within `time`.
  bool WaitFor(std::chrono::milliseconds time) const;

 private:
  void Watch();

  sigset_t signals_;
  std::stop_source stop_;
  std::atomic<bool> ending_ = false;
  std::thread watcher_;
};

}  // namespace volcanion::cli
