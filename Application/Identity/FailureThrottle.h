#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace volcanion::application {

/// Counts failures by whom they concern, and says when there were too many lately. In this process, and for as many as
/// `kMaxKnown` at a time: whoever would be one more takes the place of somebody whose time is nearly over. Thread-safe.
class FailureThrottle {
 public:
  FailureThrottle(int max_failures, std::chrono::seconds window) : max_failures_(max_failures), window_(window) {}

  /// Counts an attempt as a failure until Forgive() takes that back: many at the same time are not let through
  /// together. False when there were too many already.
  bool Try(std::string_view who, std::chrono::steady_clock::time_point now);
  /// It was none: the attempt is not counted.
  void Forgive(std::string_view who);

  static constexpr std::size_t kMaxKnown = 20'000;

 private:
  struct Failures {
    int count = 0;
    std::chrono::steady_clock::time_point until{};
  };
  void MakeRoom(std::chrono::steady_clock::time_point now);

  const int max_failures_;
  const std::chrono::seconds window_;
  std::mutex mutex_;  // guards the one below
  std::unordered_map<std::string, Failures> failures_;
};

}  // namespace volcanion::application
