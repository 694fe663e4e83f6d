#pragma once

#include "Application/Queries/BehaviourQuestion.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Of the people who came first in a period, how many came back, so many periods later?
///
/// A person belongs to the period of their first event ever in the read store (or of their first event of a name), if
/// that is within the range, and to none otherwise: who came before the range is not new in it. Somebody came back in a
/// period by an event in it that is within the range and not before the first one.
struct FindRetention {
  BehaviourQuestion of;  ///< the range must not touch more than kMaxPeriods periods
  Calendar calendar;
  std::optional<std::string> first_event;   ///< the name of the first event; else any
  std::optional<std::string> return_event;  ///< the name of what one comes back for; else any
};

struct Cohort {
  int period = 0;                      ///< its first day, in days since 1970-01-01
  std::int64_t people = 0;             ///< whose first period this is
  std::vector<std::int64_t> returned;  ///< of these, who came in this period, in the next one and so on, to the last
};

class FindRetentionHandler {
 public:
  FindRetentionHandler(BehaviourReader& reader, DirectoryCache& directory, BehaviourLimits limits)
      : reader_(reader), directory_(directory), limits_(limits) {}

  static constexpr int kMaxPeriods = 100;

  /// A cohort for each period of the range. Blocks, and fails as FindFunnelHandler::Handle().
  domain::Result<std::vector<Cohort>> Handle(const FindRetention& question);

 private:
  BehaviourReader& reader_;
  DirectoryCache& directory_;
  const BehaviourLimits limits_;
};

}  // namespace volcanion::application
