#pragma once

#include "Application/Ports/Projection.h"
#include "Infrastructure/Postgres/CountAdditions.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <chrono>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace volcanion::infrastructure {

/// The projector's side of the read store.
class PostgresReadModel : public application::ReadModel {
 public:
  explicit PostgresReadModel(std::string connection_string, application::StepObserver observer = {},
                             FoldingSettings folding = {});

  domain::Result<domain::Done> Apply(
      std::span<const application::StoredBatch> batches, const application::Freshness& freshness,
      const std::function<application::ReadRows(const std::vector<const application::StoredBatch*>&)>& project)
      override;
  domain::Result<bool> RenameSome() override;
  domain::Result<bool> FoldSome() override;
  domain::Result<domain::Done> NoteFreshness(const application::Freshness& freshness) override;
  void Interrupt() override { interrupt_.Cut(); }

 private:
  PqConnection& Connected();
  /// Makes the partitions of the months in which these events were received.
  void EnsurePartitions(PqConnection& connection, std::span<const application::StoredBatch> batches);

  const std::string connection_string_;
  const application::StepObserver observer_;
  const FoldingSettings folding_;
  std::optional<PqConnection> connection_;
  PqInterrupt interrupt_;
  std::set<std::chrono::year_month> partitions_;  // that are known to exist
};

}  // namespace volcanion::infrastructure
