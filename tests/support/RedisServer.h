#pragma once

#include "tests/support/Process.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace volcanion::test {

/// A Redis of one test's own, on a Unix socket in a folder of its own, without a file of its data. Gone with the
/// object.
class RedisServer {
 public:
  /// More lines of its command line: {"--maxmemory", "2mb"}.
  explicit RedisServer(std::vector<std::string> options = {});
  ~RedisServer();

  std::string url() const { return "unix:" + socket_path().string(); }
  std::filesystem::path socket_path() const { return folder_ / "redis.sock"; }

  /// Ready when it returns.
  void Start();
  /// kill -9; what it held is gone.
  void Kill() { process_.reset(); }
  void Signal(int signal) const { process_->Signal(signal); }
  /// Sends one line, an inline command, and returns the first line of the reply.
  std::string Say(const std::string& line) const;

 private:
  std::filesystem::path folder_;
  std::vector<std::string> options_;
  std::unique_ptr<Process> process_;
};

}  // namespace volcanion::test
