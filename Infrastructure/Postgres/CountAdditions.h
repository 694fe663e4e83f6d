#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/JudgementBatches.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <vector>

/// Counts on their way into the roll-ups read.day_counts, read.user_sketches and read.hour_user_sketches. All throw
/// PqError.
///
/// Most transactions of the projection are of few events of many systems and names. A row of a roll-up for each of
/// these would cost ingestion more than it is worth; so a transaction adds one row for each partner, and those are
/// folded when many have gathered. Readers count both. Only then is counted what is coarser: all names, and all
/// systems.
namespace volcanion::infrastructure {

/// Fills in the duplicates of those batches that are not complete.
void ReadDuplicates(PqConnection& connection, std::vector<application::StoredBatch>& batches);

/// Adds what these batches bring, in the transaction that brings it.
void AddCounts(PqConnection& connection, const std::vector<const application::StoredBatch*>& batches,
               const std::vector<VerdictChange>& verdicts);

/// When a partner's additions are folded: as soon as there is so much of either.
struct FoldingSettings {
  std::int64_t min_rows = 1'000;
  std::int64_t min_cells = 20'000;
  std::int64_t max_cells = 50'000;  ///< of one step, but for a single row that has more
};

/// A step of FoldSome() of Application/Ports/Projection.h, with a transaction of its own. One worker at a time folds
/// what is a partner's, and nobody else writes those roll-ups.
bool FoldAdditions(PqConnection& connection, const FoldingSettings& settings,
                   const application::StepObserver& observer);

}  // namespace volcanion::infrastructure
