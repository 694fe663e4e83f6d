#pragma once

#include "Application/Ports/Jobs.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// write.background_jobs, as those see it who ask for jobs.
class PostgresJobStore final : public application::JobStore {
 public:
  explicit PostgresJobStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> Add(const application::Job& job,
                                   const std::optional<application::AuditEntry>& audit) override;
  domain::Result<domain::Done> AddTrial(const application::Job& job, const std::string& schema) override;
  domain::Result<application::Job> Get(domain::PartnerId partner, application::JobId id) override;
  domain::Result<application::JobPage> List(domain::PartnerId partner, std::optional<application::JobId> before,
                                            int limit) override;
  domain::Result<application::Job> Cancel(domain::PartnerId partner, application::JobId id,
                                          const application::Author& author) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
