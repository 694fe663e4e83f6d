#pragma once

#include "Application/Ports/BehaviourReader.h"
#include "Infrastructure/Postgres/AnalysisPool.h"

namespace volcanion::infrastructure {

/// Behaviour as the read store shows it, one picture of it for each question.
class PostgresBehaviourReader final : public application::BehaviourReader {
 public:
  explicit PostgresBehaviourReader(AnalysisPool& read_store) : pool_(read_store) {}

  domain::Result<domain::Done> Look(
      std::string_view name, domain::PartnerId partner, const std::stop_token& stop,
      const std::function<domain::Result<domain::Done>(application::BehaviourPicture&)>& look) override;

 private:
  AnalysisPool& pool_;
};

}  // namespace volcanion::infrastructure
