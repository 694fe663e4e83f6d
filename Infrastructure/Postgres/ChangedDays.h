#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/JudgementBatches.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <vector>

namespace volcanion::infrastructure {

/// Counts a change for each day of each partner that the events, the duplicates or the verdicts of a projection's
/// batches have to do with; in its transaction. Throws PqError.
void CountChangedDays(PqConnection& connection, const std::vector<const application::StoredBatch*>& batches,
                      const std::vector<VerdictChange>& verdicts);

}  // namespace volcanion::infrastructure
