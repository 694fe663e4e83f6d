#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace volcanion::application {

/// In seconds; of an even number, the mean of the two in the middle. Nothing of none.
inline std::optional<double> MedianSeconds(std::vector<std::chrono::microseconds> times) {
  if (times.empty()) return std::nullopt;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::chrono::duration<double> median = *middle;
  if (times.size() % 2 == 0) median = (median + *std::max_element(times.begin(), middle)) / 2;
  return median.count();
}

}  // namespace volcanion::application
