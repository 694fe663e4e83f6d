#pragma once

#include "Application/Ports/StatisticsReader.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace soci {
class session;
}

namespace volcanion::infrastructure {

/// The time zones that PostgreSQL knows: the names of IANA's data base. Thread-safe.
class TimeZones {
 public:
  /// kInvalid when there is no such zone. Asks once for all names, which takes PostgreSQL some time. Throws what SOCI
  /// throws.
  domain::Result<domain::Done> Check(soci::session& session, const std::string& name);

 private:
  std::mutex mutex_;
  std::set<std::string> names_;  // guarded by mutex_; empty: not asked yet
};

/// Where the intervals of [from, to) begin, by the clocks and calendars of a time zone that exists: at the full minute
/// or hour, at midnight, on Monday at midnight. The first may begin before `from`. All but minutes begin with a quarter
/// of an hour wherever clocks are set by quarters; elsewhere (before 1972) with the one in which they begin. Throws
/// what SOCI throws.
std::vector<domain::Timestamp> FetchPoints(soci::session& session, application::Interval interval,
                                           const std::string& time_zone, domain::Timestamp from, domain::Timestamp to);

/// As a text of type timestamptz[].
std::string PointsText(const std::vector<domain::Timestamp>& points);

}  // namespace volcanion::infrastructure
