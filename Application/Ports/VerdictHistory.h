#pragma once

#include "Application/Ports/Jobs.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// A verdict that an event has, or had.
struct PastVerdict {
  bool is_valid = true;
  bool is_unjudged = false;
  std::optional<int> schema_version;  ///< that judged
  std::string validation_errors;      ///< JSON array
  domain::Timestamp judged_at;
  std::optional<JobId> job;  ///< that judged again; nothing for the first verdict
};

/// At most so many changes of a verdict are told, the newest.
inline constexpr int kMaxPastVerdicts = 100;

/// Thread-safe; blocks. kUnavailable when the store is away.
class VerdictHistory {
 public:
  virtual ~VerdictHistory() = default;

  /// From the newest to the oldest; empty for an event that was never judged again, and for one that the partner does
  /// not have.
  virtual domain::Result<std::vector<PastVerdict>> Of(domain::PartnerId partner, domain::TrackingEventId event) = 0;
};

}  // namespace volcanion::application
