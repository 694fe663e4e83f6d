#pragma once

#include "Application/Ports/VerdictHistory.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// write.judgements, read event by event.
class PostgresVerdictHistory final : public application::VerdictHistory {
 public:
  explicit PostgresVerdictHistory(SociPool& write_store) : pool_(write_store) {}

  domain::Result<std::vector<application::PastVerdict>> Of(domain::PartnerId partner,
                                                           domain::TrackingEventId event) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
