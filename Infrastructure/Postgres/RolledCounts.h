#pragma once

#include "Application/Ports/StatisticsReader.h"
#include "Infrastructure/Postgres/CountCells.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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
using TakeCounts = std::function<void(std::string_view group, Quarter quarter, const application::EventCounts&)>;

/// Of these counts, the events that the filters of verdict ask for.
std::int64_t EventsAskedFor(const application::EventQuery& scope, const application::EventCounts& counts);

/// The times of the first and the last event, where they are known without looking.
struct Extent {
  std::optional<domain::Timestamp> first_at, last_at;

  void Widen(const std::optional<domain::Timestamp>& first, const std::optional<domain::Timestamp>& last);
  void Widen(const std::optional<domain::Timestamp>& event);
};

/// The counts of one question's systems, name and range: by the coarsest roll-up that tells apart what is asked for.
class RolledCounts {
 public:
  /// Only name, time and systems of the scope count. `grouping` is kNone, kEventName or kSystem.
  RolledCounts(soci::session& session, const application::EventQuery& scope, application::Grouping grouping);

  const RangeParts& parts() const { return parts_; }

  using TotalsByGroup = std::map<std::string, application::EventCounts, std::less<>>;
  /// All that belongs to one group in the range; whole days are not taken apart. `extent` tells of the whole days.
  TotalsByGroup Totals(Extent& extent);
  /// Quarter by quarter, or, when `by_days`, whole days with their first quarter. When `groups` are given, only these
  /// are taken, and beside them, as "", all groups together: what is left of those is that of all others.
  void Series(bool by_days, const std::optional<std::vector<std::string>>& groups, const TakeCounts& take);
  /// Entries of sketches that were not folded yet, of the quarters [first, end), none of which lies on a day beyond the
  /// range.
  void UsersOfAdditions(Quarter first, Quarter end, const std::function<void(std::string_view entries)>& take);

 private:
  /// The rows of day_counts that a question reads.
  struct Rows {
    std::vector<domain::PartnerSystemId> systems;
    std::vector<std::string> names;
    std::string_view condition = " AND event_name = ANY ($5)";
  };
  Rows RowsToRead() const;

  /// The days [first, end), as sums.
  void WholeDays(bool by_day, const TakeCounts& take, Extent& extent);
  /// The quarters [first, end), which are cut out of their days.
  void QuartersOfDays(Quarter first, Quarter end, const TakeCounts& take);
  void Additions(const TakeCounts& take, Extent& extent);
  /// Those of the systems and the name; fetched once.
  void EachAddition(const std::function<void(const CountCell&)>& take);
  void Edges(const TakeCounts& take);
  /// For its group, if that is taken, and for all.
  void TakeOnce(std::string_view group, Quarter quarter, const application::EventCounts& counts,
                const TakeCounts& take) const;
  /// Likewise for a row of day_counts, where all names have rows of their own.
  void TakeRolled(std::string_view group, Quarter quarter, const application::EventCounts& counts,
                  const TakeCounts& take) const;
  bool HasSeries(std::string_view group) const;
  /// The part of a quarter's counts that lies in the range.
  application::EventCounts InRange(Quarter quarter, const application::EventCounts& counts) const;
  /// The expression of a group, over a table that has the columns of day_counts.
  std::string GroupColumn() const;
  bool Fits(const CountCell& cell) const;

  soci::session& session_;
  const application::EventQuery& scope_;
  const RangeParts parts_;
  const application::Grouping grouping_;
  const bool is_of_partner_;  // all systems need not be told apart
  std::vector<std::pair<domain::PartnerSystemId, std::string>> texts_of_systems_;
  std::optional<std::vector<std::string>> groups_;
  std::optional<PqResult> additions_;
};

/// The first, or the last, event of the scope's systems and name within a piece of time.
std::optional<domain::Timestamp> FindFirst(soci::session& session, const application::EventQuery& scope,
                                           const RangeParts::Piece& piece);
std::optional<domain::Timestamp> FindLast(soci::session& session, const application::EventQuery& scope,
                                          const RangeParts::Piece& piece);

/// The different users of the scope, by looking at all its rows.
application::UniqueUsers CountUsers(soci::session& session, const application::EventQuery& scope);
/// About how many they are: by sketches of whole days and hours, and a look at the rows of what is beside these.
application::UniqueUsers EstimateUsers(soci::session& session, const application::EventQuery& scope,
                                       RolledCounts& counts);

}  // namespace volcanion::infrastructure
