#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace volcanion::infrastructure {

struct OutboxSettings {
  std::string connection_string = {};
  int max_claim_batches = 500;
  std::size_t max_claim_bytes = 16 * 1024 * 1024;  ///< of properties; one batch is taken whatever its size
};

/// The outbox in the write store. A claim is a transaction that holds row locks (FOR UPDATE SKIP LOCKED): when its
/// worker dies, PostgreSQL gives the batches back. One claim at a time.
class PostgresOutbox : public application::Outbox {
 public:
  explicit PostgresOutbox(OutboxSettings settings, application::StepObserver observer = {});

  domain::Result<std::unique_ptr<application::OutboxClaim>> Claim() override;
  domain::Result<application::OutboxLag> Lag() override;

 private:
  PqConnection& Connected();

  const OutboxSettings settings_;
  const application::StepObserver observer_;
  std::optional<PqConnection> connection_;
};

}  // namespace volcanion::infrastructure
