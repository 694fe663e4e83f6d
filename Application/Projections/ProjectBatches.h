#pragma once

#include "Application/Ports/Projection.h"

#include <vector>

namespace volcanion::application {

/// The rows that these batches add to the read store: every event once, and the counts of those that no structure has
/// judged.
ReadRows ProjectBatches(const std::vector<const StoredBatch*>& batches);

}  // namespace volcanion::application
