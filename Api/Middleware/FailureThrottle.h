#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace volcanion::api {

/// Counts who has failed to say who he is: by client address, IPv6 by its /64, as one client has all of that. Memory is
/// fixed: where many addresses fail, the one that has been quiet the longest is forgotten. Thread-safe.
class FailureThrottle {
 public:
  /// More than `max_failures` in a window, which begins with the first, are too many until it ends.
  explicit FailureThrottle(int max_failures, std::chrono::seconds window = std::chrono::minutes(1));

  /// How long the address is to wait, rounded up; nothing while it has not failed too often.
  std::optional<std::chrono::seconds> WaitFor(std::string_view address, std::chrono::steady_clock::time_point now);
  void NoteFailure(std::string_view address, std::chrono::steady_clock::time_point now);

 private:
  struct Slot {
    std::uint64_t address = 0;  // a hash; 0: free
    int failures = 0;
    std::chrono::steady_clock::time_point begun = {};
    std::chrono::steady_clock::time_point last = {};
  };
  static constexpr std::size_t kSets = 4'096, kWays = 4;
  using Set = std::array<Slot, kWays>;

  std::uint64_t HashOf(std::string_view address) const;
  bool IsOver(const Slot& slot, std::chrono::steady_clock::time_point now) const;

  const int max_failures_;
  const std::chrono::seconds window_;
  const std::uint64_t seed_;  // so that nobody can choose whose place he takes

  std::mutex mutex_;  // guards the one below
  std::vector<Set> sets_;
};

}  // namespace volcanion::api
