#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <string>
#include <unordered_map>
#include <vector>

/// Batches of new names, on their way from the write store to the read store. All throw PqError.
///
/// A worker may bring events with the names they had before a rename, after that rename has been applied and all rows
/// been gone through. So names and rows exclude each other: whoever writes rows holds a lock with others of his kind
/// and then looks names up; whoever applies names holds it alone. Rows that are committed before it are found by the
/// steps that follow; rows that come after it get the new names.
namespace volcanion::infrastructure {

/// Fills in the names of those batches that are not complete.
void ReadRenames(PqConnection& connection, std::vector<application::StoredBatch>& batches);

/// The names of systems that were ever renamed.
struct SystemNames {
  std::string partner_name;
  std::string system_name;
};
using NamesBySystem = std::unordered_map<domain::PartnerSystemId, SystemNames>;

/// In the transaction of a worker that has marked these batches: takes the lock, notes the new names among them, and
/// gives those that hold for the systems of their events.
NamesBySystem ApplyRenames(PqConnection& connection, const std::vector<const application::StoredBatch*>& batches);

/// A step of RenameSome() of Application/Ports/Projection.h, with a transaction of its own.
bool RenameRows(PqConnection& connection, const application::StepObserver& observer);

}  // namespace volcanion::infrastructure
