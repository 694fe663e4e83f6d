#pragma once

#include "Application/Behaviour/Funnel.h"
#include "Application/Queries/BehaviourQuestion.h"

#include <chrono>
#include <vector>

namespace volcanion::application {

/// How many people go from step to step, and how long does it take them? MeasureFunnel() says how that is counted.
struct FindFunnel {
  BehaviourQuestion of;           ///< the range is that of the first step
  std::vector<EventMatch> steps;  ///< 2 to 10, with ten conditions on properties in all
  std::chrono::seconds window{7 * 24 * 3600};
};

struct FoundFunnel {
  std::vector<FunnelStep> steps;
  std::int64_t events = 0;  ///< that were looked at
};

class FindFunnelHandler {
 public:
  FindFunnelHandler(BehaviourReader& reader, DirectoryCache& directory, BehaviourLimits limits)
      : reader_(reader), directory_(directory), limits_(limits) {}

  static constexpr std::chrono::seconds kMaxWindow{90 * 24 * 3600};

  /// Blocks. kInvalid for a rule that is broken, kNotFound without the partner, kTooLarge when there are too many
  /// events, kUnavailable when the read store is away or too slow, or nobody waits any more.
  domain::Result<FoundFunnel> Handle(const FindFunnel& question);

 private:
  BehaviourReader& reader_;
  DirectoryCache& directory_;
  const BehaviourLimits limits_;
};

}  // namespace volcanion::application
