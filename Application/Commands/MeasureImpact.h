#pragma once

#include "Application/Ports/Clock.h"
#include "Application/Ports/Jobs.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace volcanion::application {

/// What would this version say of the partner's stored events of the last days?
struct MeasureImpact {
  domain::PartnerId partner;
  std::string event_name;
  int version = 0;
  std::optional<domain::PartnerSystemId> structure_of = {};  ///< see JudgingRequest
  std::optional<domain::PartnerSystemId> system = {};        ///< likewise
  int days = 7;                                              ///< by the events' time; 1 to 36,500
  std::int64_t sample = 100'000;                             ///< at most so many events; 1 to 1,000,000
  Author asked_by = {};
};

/// The job that asks that; kInvalid for numbers out of range.
domain::Result<Job> ImpactJob(MeasureImpact command, JobId id, domain::Timestamp now);

/// Queues a background job; nothing changes but the job. kInvalid for numbers out of range; else see JobStore::Add().
class MeasureImpactHandler {
 public:
  MeasureImpactHandler(JobStore& jobs, const Clock& clock, const Secrets& secrets)
      : jobs_(jobs), clock_(clock), secrets_(secrets) {}

  domain::Result<Job> Handle(MeasureImpact command);

 private:
  JobStore& jobs_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
