#include "Application/Jobs/SampleShares.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace volcanion::application {

std::vector<std::int64_t> DivideSample(std::span<const std::int64_t> counts, std::int64_t sample) {
  std::vector<std::size_t> smallest_first(counts.size());
  std::iota(smallest_first.begin(), smallest_first.end(), std::size_t{0});
  std::sort(smallest_first.begin(), smallest_first.end(),
            [&](std::size_t a, std::size_t b) { return counts[a] < counts[b]; });
  std::vector<std::int64_t> shares(counts.size());
  auto waiting = static_cast<std::int64_t>(counts.size());
  for (const auto at : smallest_first) {
    shares[at] = std::min(counts[at], sample / waiting);
    sample -= shares[at];
    --waiting;
  }
  return shares;
}

}  // namespace volcanion::application
