#pragma once

#include "Infrastructure/PostgresServer/SystemCalls.h"
#include "Infrastructure/PostgresServer/SystemUser.h"

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace volcanion::infrastructure {

struct Launch {
  std::filesystem::path program;  ///< absolute
  std::vector<std::string> arguments;
  std::optional<UserIdentity> user;  ///< become this one; this process must be root
  int output = -1;                   ///< standard output and standard error; stays the caller's
  int death_signal = SIGTERM;        ///< what the child gets when this process dies, in whatever way
};

/// A program that runs as a child of this process: in a session of its own (no signal of the terminal reaches it), in
/// `/`, with a minimal environment, no files of ours, and default signal handling. It does not outlive this process:
/// the kernel sends it `death_signal`. Thread-safe.
class ChildProcess {
 public:
  /// Returns when the program runs; throws std::runtime_error when it cannot be run. `on_exit` is called once, by a
  /// thread of this object, after the process has ended.
  explicit ChildProcess(Launch launch, std::function<void()> on_exit = {});
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Kills it when it still runs.
  ~ChildProcess();

  /// Nothing when it has ended.
  [[nodiscard]] std::optional<pid_t> Id() const;

  /// Nothing happens when it has ended.
  void Signal(int signal);

  /// The status as waitpid() gives it, or nothing when it still runs after `timeout`.
  std::optional<int> WaitFor(std::chrono::milliseconds timeout);

 private:
  void Keep(FileDescriptor report);

  Launch launch_;
  const std::function<void()> on_exit_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<pid_t> pid_;   // guarded by mutex_
  std::optional<int> status_;  // guarded by mutex_

  std::thread keeper_;
};

/// "ended with exit code 1", "was ended by signal 9".
[[nodiscard]] std::string DescribeStatus(int status);

}  // namespace volcanion::infrastructure
