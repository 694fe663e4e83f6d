#pragma once

#include "Application/Ports/Jobs.h"
#include "Application/Ports/Projection.h"
#include "Domain/Uuid.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <optional>
#include <string>

namespace volcanion::infrastructure {

/// The runner's side of write.background_jobs, over a connection of its own. Rows are claimed with FOR UPDATE SKIP
/// LOCKED; each transaction on a job first locks its row and looks whether this runner still has it, so that one that
/// was believed dead changes nothing when it wakes.
class PostgresJobQueue final : public application::JobQueue {
 public:
  /// `runner` is the name of this runner: another one for each. The observer is called "before judgement commit" and
  /// "after judgement commit".
  PostgresJobQueue(std::string connection_string, domain::Uuid runner, application::StepObserver observer = {});

  domain::Result<std::optional<application::ClaimedJob>> Claim() override;
  domain::Result<bool> Beat(application::JobId job) override;
  domain::Result<bool> Save(application::JobId job, const application::JobCheckpoint& checkpoint,
                            std::span<const application::Rejudged> verdicts) override;
  domain::Result<domain::Done> Finish(const application::Job& job, application::JobState state,
                                      const application::JudgingReport& report,
                                      const std::optional<std::string>& error) override;
  domain::Result<domain::Done> GiveBack(application::JobId job) override;
  domain::Result<domain::Done> Prune() override;
  void Interrupt() override { interrupt_.Cut(); }

 private:
  PqConnection& Connected();

  const std::string connection_string_;
  const std::string runner_;  // binary form of a uuid
  const application::StepObserver observer_;
  std::optional<PqConnection> connection_;
  PqInterrupt interrupt_;
};

}  // namespace volcanion::infrastructure
