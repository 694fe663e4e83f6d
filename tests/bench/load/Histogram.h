#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace volcanion::bench {

/// Counts of durations in buckets that are at most 1/16 wide.
class Histogram {
 public:
  void Add(std::chrono::nanoseconds time, std::uint64_t times = 1) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 1));
    counts_[Bucket(value)] += times;
    total_ += times;
    longest_ = std::max(longest_, value);
  }
  double Milliseconds(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return static_cast<double>(Value(i)) / 1e6;
    }
    return static_cast<double>(longest_) / 1e6;
  }
  double longest_milliseconds() const { return static_cast<double>(longest_) / 1e6; }

 private:
  static std::size_t Bucket(std::uint64_t value) {
    const auto bits = static_cast<std::size_t>(std::bit_width(value));
    const auto shift = bits > 5 ? bits - 5 : 0;
    return shift * 16 + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t Value(std::size_t bucket) {
    if (bucket < 32) return bucket;
    const auto shift = (bucket - 16) / 16;
    return static_cast<std::uint64_t>(bucket - shift * 16) << shift;
  }

  std::array<std::uint64_t, 1024> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t longest_ = 0;
};

}  // namespace volcanion::bench
