#pragma once

#include "tests/bench/load/Histogram.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace volcanion::bench {

/// How long acknowledged events take to be readable: every acknowledgement with its position, held against the position
/// that reads say they reflect. A position is only ever seen by asking, so each time is too long by up to an interval.
class FreshnessWatch {
 public:
  using Clock = std::chrono::steady_clock;

  void OnAcknowledged(std::uint64_t position, Clock::time_point when, std::uint64_t events) {
    if (position <= readable_) return times_.Add(std::chrono::nanoseconds(0), events);
    waiting_.push({position, when, events});
    unread_ += events;
  }
  /// A read that was answered `when` reflects every batch up to this one.
  void OnReadable(std::uint64_t position, Clock::time_point when) {
    readable_ = std::max(readable_, position);
    while (!waiting_.empty() && waiting_.top().position <= readable_) {
      times_.Add(when - waiting_.top().when, waiting_.top().events);
      unread_ -= waiting_.top().events;
      waiting_.pop();
    }
  }
  std::uint64_t unread() const { return unread_; }
  const Histogram& times() const { return times_; }

 private:
  struct Acknowledged {
    std::uint64_t position;
    Clock::time_point when;
    std::uint64_t events;
    bool operator>(const Acknowledged& other) const { return position > other.position; }
  };

  std::priority_queue<Acknowledged, std::vector<Acknowledged>, std::greater<>> waiting_;
  std::uint64_t readable_ = 0;
  std::uint64_t unread_ = 0;
  Histogram times_;
};

}  // namespace volcanion::bench
