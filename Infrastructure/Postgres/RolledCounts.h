#pragma once

#include "Application/Ports/StatisticsReader.h"
#include "Infrastructure/Postgres/CountCells.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace soci {
class session;
}

/// What the roll-ups know, for ranges that end anywhere: they are asked for whole quarters of an hour, and the rows for
/// what is left of a quarter at either end. All of it is to be asked in one snapshot, and throws what SOCI throws.
namespace volcanion::infrastructure {

/// A range of time, cut where the roll-ups can be cut.
struct RangeParts {
  /// An open end is the first or the last instant that an event may have.
  RangeParts(std::optional<domain::Timestamp> from, std::optional<domain::Timestamp> to);

  using Piece = std::pair<domain::Timestamp, domain::Timestamp>;

  domain::Timestamp from, to;
  Quarter first = 0, end = 0;      ///< the whole quarters: none when `end` is not above `first`
  Quarter end_of_duplicates = 0;   ///< those that begin in the range end here; duplicates are not known more closely
  Day first_day = 0, end_day = 0;  ///< the whole days, likewise
  std::vector<Piece> edges;        ///< what is left: two at most

  bool HasWholeDays() const { return first_day < end_day; }
  /// What lies before and behind the whole days; all of the range when there are none.
  std::vector<Piece> BesideWholeDays() const;
};

/// How many events fell into a quarter, told apart by a text.
using TakeCounts = std::function<void(const std::string& group, Quarter quarter, const application::EventCounts&)>;

/// The times of the first and the last event, where they are known without looking.
struct Extent {
  std::optional<domain::Timestamp> first_at, last_at;

  void Widen(const std::optional<domain::Timestamp>& first, const std::optional<domain::Timestamp>& last);
};

/// The counts of one question's systems, name and range.
class RolledCounts {
 public:
  /// Only name, time and systems of the scope count. `grouping` is kNone, kEventName or kSystem.
  RolledCounts(soci::session& session, const application::EventQuery& scope, application::Grouping grouping)
      : session_(session), scope_(scope), parts_(scope.from, scope.to), grouping_(grouping) {}

  const RangeParts& parts() const { return parts_; }

  /// All that belongs to one group in the range; whole days are not taken apart. `extent` tells of the whole days.
  std::map<std::string, application::EventCounts> Totals(Extent& extent);
  /// Quarter by quarter, or, when `by_days`, whole days with their first quarter. Groups that are not in `groups`, when
  /// that is given, are taken together as "".
  void Series(bool by_days, const std::optional<std::vector<std::string>>& groups, const TakeCounts& take);
  /// Entries of sketches that were not folded yet, of the days [first, end).
  void UsersOfAdditions(Day first, Day end, const std::function<void(std::string_view entries)>& take);

 private:
  /// The days [first, end), as sums.
  void WholeDays(bool by_day, const TakeCounts& take, Extent& extent);
  /// The quarters [first, end), which are cut out of their days.
  void QuartersOfDays(Quarter first, Quarter end, const TakeCounts& take);
  void Additions(const TakeCounts& take, Extent& extent);
  void Edges(const TakeCounts& take);
  /// The part of a quarter's counts that lies in the range.
  application::EventCounts InRange(Quarter quarter, const application::EventCounts& counts) const;
  /// The expression of a group, over a table that has the columns of day_counts.
  std::string GroupColumn() const;
  std::string FetchAdditions(Day first, Day end);
  bool Fits(const CountCell& cell) const;

  soci::session& session_;
  const application::EventQuery& scope_;
  const RangeParts parts_;
  const application::Grouping grouping_;
  std::optional<std::vector<std::string>> groups_;
};

/// The first, or the last, event of the scope's systems and name within a piece of time.
std::optional<domain::Timestamp> FindFirst(soci::session& session, const application::EventQuery& scope,
                                           const RangeParts::Piece& piece);
std::optional<domain::Timestamp> FindLast(soci::session& session, const application::EventQuery& scope,
                                          const RangeParts::Piece& piece);

/// The different users of the scope, by looking at all its rows.
application::UniqueUsers CountUsers(soci::session& session, const application::EventQuery& scope);
/// About how many they are: by sketches of whole days, and a look at the rows of what is beside these.
application::UniqueUsers EstimateUsers(soci::session& session, const application::EventQuery& scope,
                                       RolledCounts& counts);

}  // namespace volcanion::infrastructure
