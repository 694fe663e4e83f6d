#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace volcanion::application {

/// Divides a sample among systems as evenly as their counts allow: none gets more than it has, and what one leaves goes
/// to the others. The shares add up to the sample, or to all there is.
std::vector<std::int64_t> DivideSample(std::span<const std::int64_t> counts, std::int64_t sample);

}  // namespace volcanion::application
