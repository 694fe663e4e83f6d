#pragma once

#include <csignal>

namespace volcanion::cli {

/// SIGINT, SIGTERM and SIGHUP as something to wait for. Make it before any other thread: they inherit the blocked
/// signals.
class StopSignals {
 public:
  StopSignals();

  /// Waits for one of them. Its number.
  int Wait();
  /// From now on a signal ends the process at once: for whoever does not want to wait for a clean stop.
  void LetTheNextOneKill();

 private:
  sigset_t signals_;
};

}  // namespace volcanion::cli
