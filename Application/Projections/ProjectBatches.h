#pragma once

#include "Application/Ports/Projection.h"

#include <span>
#include <vector>

namespace volcanion::application {

/// The rows that these batches add to the read store: every event once, the hourly counts, and those of events that
/// no structure has judged.
ReadRows ProjectBatches(const std::vector<const StoredBatch*>& batches);

/// Moves what judgements have changed from one count to another: adds to `counts`, which stay one per kind and hour,
/// and sorted. A count may become negative here; never in the store, where the event was counted before.
void AddVerdictChanges(std::vector<EventCount>& counts, std::span<const VerdictChange> changes);

}  // namespace volcanion::application
