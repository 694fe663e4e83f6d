#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <vector>

namespace volcanion::infrastructure {

/// Counts a change for each day of each partner that the rows of a projection have to do with, or the duplicates of its
/// batches; in its transaction. Verdicts count as they are: what they change may be more than the counts of events
/// show. Throws PqError.
void CountChangedDays(PqConnection& connection, const std::vector<application::EventCount>& counts,
                      const std::vector<const application::StoredBatch*>& batches,
                      const std::vector<application::VerdictChange>& verdicts);

}  // namespace volcanion::infrastructure
