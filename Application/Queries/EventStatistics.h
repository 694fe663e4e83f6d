#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/StatisticsReader.h"
#include "Domain/Result.h"

#include <cstddef>

namespace volcanion::application {

/// So many intervals, at most, has an answer; of minutes, as many as a day has and some more.
inline constexpr std::int64_t kMaxPoints = 5'000;
inline constexpr std::int64_t kMaxMinutes = 1'500;
inline constexpr std::size_t kMaxGroups = 100;
/// Intervals times groups.
inline constexpr std::int64_t kMaxCounts = 110'000;
inline constexpr std::size_t kMaxPercentiles = 10;

/// How many events does a system have, or all systems of a partner: in all, over time, and what numbers are in them?
/// The scope of a question has one of the partner's systems, or none and is of all.
class EventStatisticsHandler {
 public:
  EventStatisticsHandler(StatisticsReader& reader, DirectoryCache& directory)
      : reader_(reader), directory_(directory) {}

  /// All block. kNotFound without the system or the partner; kInvalid for a range that ends before it begins, and for
  /// more than the limits above allow; kUnavailable when the read store is away or too slow.
  domain::Result<EventSummary> Handle(SummaryQuery question);
  domain::Result<TimeSeries> Handle(SeriesQuery question);
  domain::Result<Numbers> Handle(NumbersQuery question);

 private:
  domain::Result<domain::Done> FindSystems(EventQuery& scope);

  StatisticsReader& reader_;
  DirectoryCache& directory_;
};

}  // namespace volcanion::application
