#pragma once

#include "Application/Ports/StatisticsReader.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// A quarter of an hour, as its number since 1970-01-01T00:00:00Z, and a day and an hour likewise.
using Quarter = std::int32_t;
using Day = std::int32_t;
using Hour = std::int32_t;
inline constexpr Quarter kQuartersOfHour = 4, kQuartersOfDay = 96;
Quarter QuarterOf(domain::Timestamp time);
/// The first one that does not begin before `time`.
Quarter QuarterUpTo(domain::Timestamp time);
domain::Timestamp BeginOf(Quarter quarter);
Day DayOf(Quarter quarter);
Hour HourOf(Quarter quarter);

/// What is added to the counts of one system, event name and quarter of an hour.
struct CountCell {
  domain::PartnerSystemId system;
  Quarter quarter = 0;
  std::string_view event_name;
  application::EventCounts counts;
  std::optional<domain::Timestamp> first_at;  ///< of the events that came; nothing when none did
  std::optional<domain::Timestamp> last_at;
  std::string_view users;  ///< entries of a UserSketch
};

/// Cells as read.count_additions holds them, one behind the other: the system (16 bytes), the quarter (int4), the
/// length of the name (int2) and the name, four counts (int4; of what is valid, invalid, unjudged, sent again), the
/// first and the last event as microseconds of the quarter (int4; when there is none, the first is behind the last),
/// how many entries of users there are (int4), and these. Numbers in network order.
void AppendCell(const CountCell& cell, std::string& bytes);

/// Calls `take` for each cell, which borrows from `bytes`. Throws std::runtime_error when they are cut off.
void ReadCells(std::string_view bytes, const std::function<void(const CountCell&)>& take);

}  // namespace volcanion::infrastructure
