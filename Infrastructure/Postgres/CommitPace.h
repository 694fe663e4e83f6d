#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace volcanion::infrastructure {

/// How long commits take of late, and from that, how long one may be under way before it counts as hanging. Not
/// thread-safe.
class CommitPace {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// `max_wait` is what an append may wait for its answer.
  explicit CommitPace(Duration max_wait) : max_wait_(max_wait) {}

  /// What one that succeeded has taken.
  void Note(Duration commit) {
    recent_[next_++ % recent_.size()] = commit;
    noted_ = std::min(noted_ + 1, recent_.size());
    auto sorted = recent_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(noted_ / 2);
    std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(noted_));
    usual_ = *middle;
  }

  /// Ten usual commits, but at least a tenth of the longest wait, so that a checkpoint that holds up the disk is no
  /// reason to refuse anything; and at most half of it, so that whoever is refused is told in good time.
  Duration patience() const { return std::clamp(10 * usual_, max_wait_ / 10, max_wait_ / 2); }

 private:
  const Duration max_wait_;
  std::array<Duration, 15> recent_{};  // a ring
  std::size_t next_ = 0;
  std::size_t noted_ = 0;
  Duration usual_{0};  // the median
};

}  // namespace volcanion::infrastructure
