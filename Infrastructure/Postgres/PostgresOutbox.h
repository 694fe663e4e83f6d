#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::infrastructure {

struct OutboxSettings {
  std::string connection_string = {};
  std::int64_t max_claim_events = 25'000;          ///< one batch is taken whatever its size
  std::int64_t max_claim_bytes = 8 * 1024 * 1024;  ///< of rows; likewise
};

/// The outbox in the write store. A claim is a transaction that holds row locks (FOR UPDATE SKIP LOCKED): when its
/// worker dies, PostgreSQL gives the batches back. One claim at a time.
class PostgresOutbox : public application::Outbox {
 public:
  explicit PostgresOutbox(OutboxSettings settings, application::StepObserver observer = {});

  domain::Result<std::unique_ptr<application::OutboxClaim>> Claim(int max_batches) override;
  domain::Result<application::OutboxLag> Lag() override;
  void Interrupt() override { interrupt_.Cut(); }

  /// Puts all batches that were set aside back into the outbox; how many.
  domain::Result<int> RetrySetAside();

 private:
  /// A highest batch that was seen, and a number above those of all transactions that ran then: when the last of them
  /// has ended, no lower batch can appear any more.
  struct Horizon {
    std::int64_t position = 0;
    std::int64_t next_transaction = 0;
  };

  PqConnection& Connected();
  application::Freshness MeasureFreshness(PqConnection& connection, domain::Timestamp now, std::int64_t highest,
                                          const std::vector<application::StoredBatch>& claimed);

  const OutboxSettings settings_;
  const application::StepObserver observer_;
  std::optional<PqConnection> connection_;
  PqInterrupt interrupt_;
  std::optional<Horizon> horizon_;
  std::int64_t settled_position_ = 0;  // no batch up to here is still to appear
};

}  // namespace volcanion::infrastructure
