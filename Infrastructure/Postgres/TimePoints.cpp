#include "Infrastructure/Postgres/TimePoints.h"

#include "Infrastructure/Postgres/CountCells.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <algorithm>
#include <chrono>

namespace volcanion::infrastructure {
namespace {

using application::Interval;
using domain::Timestamp;

constexpr const char* kZoneNames = "SELECT name FROM pg_timezone_names";

// The quarters that have the same hour on the wall, and the same offset: where clocks are set back, an hour comes
// twice.
constexpr const char* kHours = R"(
  SELECT (extract(epoch FROM min(quarter)) * 1000000)::bigint
    FROM (SELECT quarter, quarter AT TIME ZONE :zone AS local, quarter AT TIME ZONE 'UTC' AS utc
            FROM generate_series(:first::timestamptz - interval '1 hour', :to::timestamptz - interval '1 microsecond',
                                 interval '15 minutes') AS quarter) AS quarters
   GROUP BY date_trunc('hour', local), local - utc
  HAVING max(quarter) >= :first::timestamptz
   ORDER BY min(quarter))";

// Midnight by the wall. Where it comes twice, the day begins with the first one; PostgreSQL takes the second. A day
// that there never was begins with the next one.
constexpr const char* kDays = R"(
  SELECT DISTINCT (extract(epoch FROM CASE WHEN (at - interval '1 hour') AT TIME ZONE :zone >= day
                                           THEN at - interval '1 hour' ELSE at END) * 1000000)::bigint
    FROM (SELECT day, day AT TIME ZONE :zone AS at
            FROM generate_series(date_trunc(:unit, :from::timestamptz AT TIME ZONE :zone),
                                 date_trunc(:unit, (:to::timestamptz - interval '1 microsecond') AT TIME ZONE :zone),
                                 :step::interval) AS day) AS days
   ORDER BY 1)";

std::vector<Timestamp> FetchTimes(soci::statement& statement, const char* sql) {
  long long micros = 0;
  statement.exchange(soci::into(micros));
  std::vector<Timestamp> times;
  ForEachRow(statement, sql, [&] { times.push_back(TimestampFromMicros(micros)); });
  return times;
}

template <typename Period>
std::vector<Timestamp> Every(Timestamp begin, Timestamp to) {
  std::vector<Timestamp> points;
  for (auto point = begin; point < to; point += Period(1)) points.push_back(point);
  return points;
}

std::vector<Timestamp> PointsOfUtc(Interval interval, Timestamp from, Timestamp to) {
  using namespace std::chrono;
  const auto day = floor<days>(from);
  switch (interval) {
    case Interval::kMinute:
      return Every<minutes>(floor<minutes>(from), to);
    case Interval::kHour:
      return Every<hours>(floor<hours>(from), to);
    case Interval::kDay:
      return Every<days>(day, to);
    case Interval::kWeek:
      break;
  }
  return Every<weeks>(day - (weekday(day) - Monday), to);
}

}  // namespace

domain::Result<domain::Done> TimeZones::Check(soci::session& session, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (names_.empty()) {
    soci::statement statement(session);
    std::string known;
    statement.exchange(soci::into(known));
    ForEachRow(statement, kZoneNames, [&] { names_.insert(known); });
  }
  if (names_.contains(name)) return domain::Done{};
  return domain::Error{domain::ErrorKind::kInvalid,
                       "The question breaks a rule.",
                       {{"/timeZone", "unknown_time_zone", "must be a name such as Europe/Berlin"}}};
}

std::vector<Timestamp> FetchPoints(soci::session& session, Interval interval, const std::string& time_zone,
                                   Timestamp from, Timestamp to) {
  if (from >= to) return {};
  if (interval == Interval::kMinute || time_zone == "UTC") return PointsOfUtc(interval, from, to);
  const auto to_text = domain::FormatRfc3339(to);
  soci::statement statement(session);
  if (interval == Interval::kHour) {
    const auto first = domain::FormatRfc3339(BeginOf(QuarterOf(from)));
    statement.exchange(soci::use(first, "first"));
    statement.exchange(soci::use(time_zone, "zone"));
    statement.exchange(soci::use(to_text, "to"));
    return FetchTimes(statement, kHours);
  }
  const auto from_text = domain::FormatRfc3339(from);
  const std::string unit = interval == Interval::kDay ? "day" : "week";
  const std::string step = interval == Interval::kDay ? "1 day" : "7 days";
  statement.exchange(soci::use(time_zone, "zone"));
  statement.exchange(soci::use(unit, "unit"));
  statement.exchange(soci::use(from_text, "from"));
  statement.exchange(soci::use(to_text, "to"));
  statement.exchange(soci::use(step, "step"));
  return FetchTimes(statement, kDays);
}

std::string PointsText(const std::vector<Timestamp>& points) {
  std::string text = "{";
  for (const auto point : points) {
    if (text.size() > 1) text.push_back(',');
    text += domain::FormatRfc3339(point);
  }
  return text + "}";
}

}  // namespace volcanion::infrastructure
