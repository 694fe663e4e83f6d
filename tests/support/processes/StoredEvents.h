#pragma once

#include "tests/support/processes/Load.h"
#include "tests/support/processes/Shop.h"

#include <string>
#include <vector>

namespace volcanion::test::processes {

/// How many of the events that were sent, or that are in the write store, are not as they should be.
struct Stored {
  int missing = 0;  ///< acknowledged and not there
  int unknown = 0;  ///< never sent
  int repeated = 0;
  int altered = 0;
  int unacknowledged = 0;
};

Stored CompareWithStore(const std::vector<SentEvent>& sent, const std::string& write_dsn);

/// Checks that the tables that are written together agree with each other.
void CheckLedger(const Shop& shop);

/// Checks what is stored, the ledger included, against a load that has been stopped.
void CheckEverythingAcknowledgedIsStored(const Load& load, const Shop& shop);

/// A process that was killed is gone at once, its sessions a little later: one of them may be in a COMMIT.
void WaitForSessionsToEnd(const std::string& dsn);

}  // namespace volcanion::test::processes
