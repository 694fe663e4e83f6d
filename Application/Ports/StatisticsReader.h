#pragma once

#include "Application/Ports/EventReader.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace volcanion::application {

/// How many events there are, by their verdicts. Each is in one of the first three.
struct EventCounts {
  std::int64_t valid = 0;
  std::int64_t invalid = 0;  ///< without those that are unjudged
  std::int64_t unjudged = 0;
  std::int64_t duplicates = 0;  ///< sent again, and not stored again: no events

  std::int64_t events() const { return valid + invalid + unjudged; }
  EventCounts& operator+=(const EventCounts& other) {
    valid += other.valid;
    invalid += other.invalid;
    unjudged += other.unjudged;
    duplicates += other.duplicates;
    return *this;
  }
  bool operator==(const EventCounts&) const = default;
};

/// How many different user ids there are.
struct UniqueUsers {
  std::int64_t count = 0;
  bool is_exact = true;
  double relative_error = 0;  ///< the standard error of an estimate
};

struct EventSummary {
  struct OfName {
    std::string event_name;
    EventCounts counts;
  };
  EventCounts totals;
  std::vector<OfName> by_name;  ///< the most frequent first
  std::size_t more_names = 0;   ///< that are left out of `by_name`
  UniqueUsers users;
  std::optional<domain::Timestamp> first_at;  ///< by event_timestamp
  std::optional<domain::Timestamp> last_at;
};

struct SummaryQuery {
  EventQuery scope;  ///< of its filters, name and time count
  bool exact_users = false;
  std::size_t max_names = 1'000;
  std::stop_token stop = {};  ///< when nobody waits for the answer any more; heeded where it is an analysis
};

enum class Interval { kMinute, kHour, kDay, kWeek };

/// What events are told apart by.
enum class Grouping { kNone, kEventName, kVerdict, kIsValid, kSystem, kProperty };

struct SeriesQuery {
  EventQuery scope;  ///< with from and to
  Interval interval = Interval::kHour;
  std::string time_zone = "UTC";  ///< whose hours, days and weeks; a name of IANA's data base
  Grouping grouping = Grouping::kNone;
  std::vector<std::string> property = {};  ///< the path of the member to group by
  std::size_t top = 20;                    ///< groups; the events of all others are counted together
  std::stop_token stop = {};
};

/// How many events there are in each interval of a range.
struct TimeSeries {
  enum class Kind { kGroup, kMissing, kOther };
  struct Series {
    Kind kind = Kind::kGroup;
    std::string group;  ///< a name, a verdict, an id, a value; empty where there is one series only
    std::int64_t total = 0;
    std::vector<std::int64_t> counts;  ///< one for each of `points`
  };
  /// Where the intervals begin; the first of them may do so before the range.
  std::vector<domain::Timestamp> points;
  std::vector<Series> series;  ///< the largest first; then those without the member, then all others
};

struct NumbersQuery {
  EventQuery scope;
  std::vector<std::string> property = {};  ///< the path of the member
  std::vector<double> percentiles = {};    ///< from 0 to 100
  std::optional<Interval> interval = {};   ///< then `scope` has from and to
  std::string time_zone = "UTC";
  std::stop_token stop = {};
};

/// Whether a question is an analysis: it goes through all the events of its range. Roll-ups answer the others.
inline bool IsAnalysis(const SummaryQuery& query) { return query.exact_users; }
inline bool IsAnalysis(const SeriesQuery& query) {
  const auto& scope = query.scope;
  return query.interval == Interval::kMinute || query.grouping == Grouping::kProperty || scope.user_id ||
         scope.anonymous_id || scope.correlation_id || scope.violation_keyword || scope.violation_pointer ||
         !scope.properties.empty();
}
inline bool IsAnalysis(const NumbersQuery&) { return true; }

/// Of the numbers that stand at one place of events' properties. Decimal texts of JSON; empty when there are none.
struct NumberSummary {
  std::int64_t count = 0;
  std::string sum = {}, average = {}, minimum = {}, maximum = {};
  std::vector<std::string> percentiles = {};  ///< one for each that was asked for
};

struct Numbers {
  NumberSummary total;
  std::vector<domain::Timestamp> points;
  std::vector<NumberSummary> by_point;
};

/// Counts the events of the read store. Thread-safe; blocks. kUnavailable when the store is away or too slow, or when
/// the question's `stop` has stopped; kInvalid for a time zone that is not known; kTooLarge for an analysis that would
/// need too much room.
class StatisticsReader {
 public:
  virtual ~StatisticsReader() = default;

  virtual domain::Result<EventSummary> Summarize(const SummaryQuery& query) = 0;
  virtual domain::Result<TimeSeries> CountOverTime(const SeriesQuery& query) = 0;
  virtual domain::Result<Numbers> Measure(const NumbersQuery& query) = 0;
};

}  // namespace volcanion::application
