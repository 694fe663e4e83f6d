#pragma once

#include "Application/Ports/Jobs.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <cstdint>
#include <span>

namespace volcanion::infrastructure {

/// Within the transaction that is open: gives stored events their new verdicts where those differ from what stands,
/// keeps the old ones, and adds the batch that tells the projection to the ledger and the outbox. How many verdicts
/// were changed; without any, there is no batch. An event that is not stored any more is left out. Throws PqError.
///
/// The rows are locked first, in the order of their key, and the batch gets its number after that: of two batches that
/// judge the same event, the one with the higher number judged later.
std::int64_t ChangeVerdicts(PqConnection& connection, application::JobId job,
                            std::span<const application::Rejudged> verdicts);

}  // namespace volcanion::infrastructure
