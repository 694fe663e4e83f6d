#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <vector>

namespace volcanion::infrastructure {

/// What a judgement did to a row of the read store.
struct VerdictChange {
  domain::PartnerId partner;
  domain::PartnerSystemId system;
  std::string event_name;
  domain::Timestamp event_timestamp;
  bool was_valid = true;
  bool was_unjudged = false;
  bool is_valid = true;
  bool is_unjudged = false;
};

/// In the write store: fetches the judgements of these batches, which are in the order of their ids. Throws PqError.
void ReadJudgements(PqConnection& connection, std::vector<application::StoredBatch>& batches);

/// In the read store, within the transaction that is open: gives the rows the verdicts of these batches, and tells what
/// that changed. Of several judgements on one event the newest counts, whatever the order in which they arrive; a row
/// that is not there is left out. Locks the rows in the order of their ids. Throws PqError.
std::vector<VerdictChange> ApplyJudgements(PqConnection& connection,
                                           const std::vector<const application::StoredBatch*>& batches);

}  // namespace volcanion::infrastructure
