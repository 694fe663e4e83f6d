#pragma once

#include "Application/Commands/MeasureImpact.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Jobs.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::application {

/// Judge the partner's stored events of a range again, by this version.
struct JudgeAgain {
  domain::PartnerId partner;
  std::string event_name;
  int version = 0;
  std::optional<domain::PartnerSystemId> structure_of = {};  ///< see JudgingRequest
  std::optional<domain::PartnerSystemId> system = {};        ///< likewise
  domain::Timestamp from = {};                               ///< of the events' time, inclusive
  domain::Timestamp to = {};                                 ///< exclusive
  bool invalid_only = true;                                  ///< those that are valid are left alone
  bool apply = false;                                        ///< the verdicts change; else a preview
  Author asked_by = {};
};

/// Queues a background job, and notes in the audit log that verdicts are to change. kInvalid for a range that ends
/// before it begins; else see JobStore::Add().
class JudgeAgainHandler {
 public:
  JudgeAgainHandler(JobStore& jobs, const Clock& clock, const Secrets& secrets)
      : jobs_(jobs), clock_(clock), secrets_(secrets) {}

  domain::Result<Job> Handle(JudgeAgain command);

 private:
  JobStore& jobs_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
