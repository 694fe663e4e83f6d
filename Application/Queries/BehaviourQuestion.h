#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/BehaviourReader.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace volcanion::application {

/// What all questions on behaviour have in common.
struct BehaviourQuestion {
  domain::PartnerId partner;
  std::optional<domain::PartnerSystemId> system = {};  ///< of the partner; else all of them
  Identity identity = Identity::kUserId;
  std::optional<domain::Timestamp> from = {};  ///< inclusive
  std::optional<domain::Timestamp> to = {};    ///< exclusive
  std::stop_token stop = {};                   ///< when nobody waits for the answer any more
};

struct BehaviourLimits {
  std::size_t max_bytes = 256 * 1024 * 1024;  ///< of memory for the rows of one question
};

/// Whose events a question is about. kNotFound without the partner; a fault in `faults` without the system. Blocks.
domain::Result<std::vector<domain::PartnerSystemId>> SystemsOf(const BehaviourQuestion& question,
                                                               DirectoryCache& directory,
                                                               std::vector<domain::Fault>& faults);

/// Notes it when there is no range, or an empty one.
void CheckRange(const BehaviourQuestion& question, std::vector<domain::Fault>& faults);

/// kInvalid, with these faults.
domain::Error BreaksRules(std::vector<domain::Fault> faults);
/// kTooLarge: too many rows for the memory that a question may use.
domain::Error TooManyRows();

/// As far away, but within the years that a Timestamp has.
domain::Timestamp Shifted(domain::Timestamp time, std::chrono::microseconds by);

}  // namespace volcanion::application
