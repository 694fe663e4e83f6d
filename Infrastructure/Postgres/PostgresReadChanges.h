#pragma once

#include "Application/Ports/ReadChanges.h"
#include "Infrastructure/Postgres/SociPool.h"

#include <chrono>

namespace volcanion::infrastructure {

class PostgresReadChanges final : public application::ReadChanges {
 public:
  PostgresReadChanges(SociPool& read_store, std::chrono::milliseconds statement_timeout)
      : pool_(read_store), statement_timeout_(statement_timeout) {}

  domain::Result<application::Freshness> CurrentFreshness() override;
  domain::Result<application::ChangeStamp> StampOf(const application::AnswerScope& scope) override;

 private:
  SociPool& pool_;
  const std::chrono::milliseconds statement_timeout_;
};

}  // namespace volcanion::infrastructure
