#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::test {

/// A program that runs as a child of this process, in a process group of its own and in `/`. What it says is kept in
/// memory. It is gone with this object, with its group, and with the thread that made the object, kill -9 included:
/// make it in a thread that lives as long. Every wait has a deadline, at which it throws std::runtime_error with what
/// the program has said. For one thread.
class Process {
 public:
  struct Settings {
    std::filesystem::path program;  ///< absolute
    std::vector<std::string> arguments = {};
    std::map<std::string, std::string> environment = {};  ///< all of it, but for a PATH of the system's folders
    std::string input = {};                               ///< what it can read, at most 64 KiB
  };

  explicit Process(const Settings& settings);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t id() const { return id_; }
  /// To the process alone, not to its group. Nothing happens when it has ended.
  void Signal(int signal) const;
  /// kill -9, and waits for the end.
  void Kill();

  bool IsRunning() { return !WaitForEnd(std::chrono::milliseconds(0)); }
  /// The exit status, or minus the number of the signal that ended it.
  int Wait(std::chrono::milliseconds deadline = std::chrono::seconds(30));
  /// Waits for a complete line with `piece` in it, on stdout or stderr. Throws when the program ends without one.
  std::string WaitForLine(std::string_view piece, std::chrono::milliseconds deadline = std::chrono::seconds(30));

  /// All of it so far.
  std::string out() const { return ReadAll(out_); }
  std::string err() const { return ReadAll(err_); }

 private:
  [[noreturn]] static void Run(char* const* arguments, char* const* environment, int in, int out, int err,
                               pid_t parent);
  static std::string ReadAll(int file);
  bool WaitForEnd(std::chrono::milliseconds patience);
  [[noreturn]] void Throw(const std::string& what) const;

  std::string name_;
  pid_t id_ = -1;
  int handle_ = -1;  // a pidfd
  int out_ = -1;     // files in memory
  int err_ = -1;
  std::optional<int> status_;
};

}  // namespace volcanion::test
