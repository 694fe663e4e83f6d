#include "Infrastructure/Postgres/PostgresStatisticsReader.h"

#include "Infrastructure/Postgres/EventFilters.h"
#include "Infrastructure/Postgres/RolledCounts.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"
#include "Infrastructure/Postgres/TextArray.h"

#include <soci/soci.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::EventCounts;
using application::EventQuery;
using application::EventSummary;
using application::Grouping;
using application::Interval;
using application::Numbers;
using application::NumbersQuery;
using application::NumberSummary;
using application::SeriesQuery;
using application::SummaryQuery;
using application::TimeSeries;
using domain::Result;
using domain::Timestamp;

bool HasNulIn(const std::vector<std::string>& texts) { return std::any_of(texts.begin(), texts.end(), HasNul); }

/// Those with the most first.
std::vector<std::pair<std::string, EventCounts>> Ranked(const RolledCounts::TotalsByGroup& totals) {
  std::vector<std::pair<std::string, EventCounts>> ranked(totals.begin(), totals.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second.events() > b.second.events(); });
  return ranked;
}

// An analysis has no index scans, as they are slow for many rows; all but the users is few of them.
EventSummary FetchSummary(soci::session& session, const SummaryQuery& query, std::int64_t counted_events) {
  EventSummary summary;
  if (application::IsAnalysis(query)) session.once << "SET LOCAL enable_indexscan = on";
  RolledCounts counts(session, query.scope, Grouping::kEventName);
  Extent extent;
  const auto totals = counts.Totals(extent);
  for (const auto& [name, of_name] : Ranked(totals)) {
    summary.totals += of_name;
    if (summary.by_name.size() < query.max_names) {
      summary.by_name.push_back({name, of_name});
    } else {
      ++summary.more_names;
    }
  }
  if (summary.totals.events() == 0) return summary;
  for (const auto& piece : counts.parts().BesideWholeDays()) {
    if (!extent.first_at || piece.first < *extent.first_at) extent.Widen(FindFirst(session, query.scope, piece));
    if (!extent.last_at || piece.second > *extent.last_at) extent.Widen(FindLast(session, query.scope, piece));
  }
  summary.first_at = extent.first_at;
  summary.last_at = extent.last_at;
  if (application::IsAnalysis(query)) session.once << "SET LOCAL enable_indexscan = off";
  const bool exactly = query.exact_users || summary.totals.events() <= counted_events;
  summary.users = exactly ? CountUsers(session, query.scope) : EstimateUsers(session, query.scope, counts);
  return summary;
}

/// The counts that are groups of themselves, with their names.
struct Part {
  const char* name;
  EventCounts (*of)(const EventCounts&);
};
std::vector<Part> PartsOf(Grouping grouping) {
  static constexpr auto kValid = [](const EventCounts& counts) { return EventCounts{.valid = counts.valid}; };
  static constexpr auto kInvalid = [](const EventCounts& counts) { return EventCounts{.invalid = counts.invalid}; };
  static constexpr auto kUnjudged = [](const EventCounts& counts) { return EventCounts{.unjudged = counts.unjudged}; };
  static constexpr auto kNotValid = [](const EventCounts& counts) {
    return EventCounts{.invalid = counts.invalid, .unjudged = counts.unjudged};
  };
  if (grouping == Grouping::kVerdict) return {{"valid", kValid}, {"invalid", kInvalid}, {"unjudged", kUnjudged}};
  if (grouping == Grouping::kIsValid) return {{"true", kValid}, {"false", kNotValid}};
  return {{"", [](const EventCounts& counts) { return counts; }}};
}

/// The groups that get a series of their own; nothing when all of them do.
std::optional<std::vector<std::string>> TopGroups(RolledCounts& counts, const SeriesQuery& query) {
  Extent extent;
  std::vector<std::pair<std::int64_t, std::string>> ranked;
  for (const auto& [group, of_group] : counts.Totals(extent))
    ranked.emplace_back(-EventsAskedFor(query.scope, of_group), group);
  if (ranked.size() <= query.top) return std::nullopt;
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < query.top; ++i) groups.push_back(ranked[i].second);
  return groups;
}

/// Which point of time a quarter belongs to.
class PointOfQuarter {
 public:
  explicit PointOfQuarter(const std::vector<Timestamp>& points) {
    for (const auto point : points) firsts_.push_back(QuarterOf(point));
  }
  std::size_t operator()(Quarter quarter) {
    // As a rule the next one is asked for.
    if (quarter < firsts_[last_] || (last_ + 1 < firsts_.size() && quarter >= firsts_[last_ + 1])) {
      const auto behind = std::upper_bound(firsts_.begin(), firsts_.end(), quarter);
      last_ = behind == firsts_.begin() ? 0 : static_cast<std::size_t>(behind - firsts_.begin()) - 1;
    }
    return last_;
  }

 private:
  std::vector<Quarter> firsts_;
  std::size_t last_ = 0;
};

bool AreWholeDays(const std::vector<Timestamp>& points) {
  return std::all_of(points.begin(), points.end(),
                     [](Timestamp point) { return point == std::chrono::floor<std::chrono::days>(point); });
}

void SortBySize(std::vector<TimeSeries::Series>& series) {
  std::stable_sort(series.begin(), series.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.kind, -a.total) < std::tuple(b.kind, -b.total);
  });
}

/// Makes the series "", which counts all groups, that of all others.
void TakeOff(std::map<std::string, std::vector<TimeSeries::Series>, std::less<>>& found) {
  const auto all = found.find("");
  if (all == found.end()) return;
  auto& others = all->second.front();
  for (const auto& [group, series] : found) {
    if (group.empty()) continue;
    const auto& one = series.front();
    others.total -= one.total;
    for (std::size_t i = 0; i < others.counts.size(); ++i) others.counts[i] -= one.counts[i];
  }
}

TimeSeries FetchRolledSeries(soci::session& session, const SeriesQuery& query, std::vector<Timestamp> points) {
  TimeSeries answer;
  answer.points = std::move(points);
  const bool by_rows = query.grouping == Grouping::kEventName || query.grouping == Grouping::kSystem;
  RolledCounts counts(session, query.scope, by_rows ? query.grouping : Grouping::kNone);
  const auto groups = by_rows ? TopGroups(counts, query) : std::nullopt;
  const auto parts = PartsOf(query.grouping);
  std::map<std::string, std::vector<TimeSeries::Series>, std::less<>> found;
  const auto add_series = [&](std::string_view group) {
    std::vector<TimeSeries::Series> series;
    for (const auto& part : parts) {
      const auto kind = groups && group.empty() ? TimeSeries::Kind::kOther : TimeSeries::Kind::kGroup;
      series.push_back(
          {kind, by_rows ? std::string(group) : part.name, 0, std::vector<std::int64_t>(answer.points.size())});
    }
    return found.emplace(group, std::move(series)).first;
  };
  if (!by_rows) (void)add_series("");
  PointOfQuarter point_of(answer.points);
  auto of_group = found.end();  // as a rule the next quarter is of the same
  counts.Series(AreWholeDays(answer.points), groups,
                [&](std::string_view group, Quarter quarter, const EventCounts& of_quarter) {
                  if (of_group == found.end() || of_group->first != group) of_group = found.find(group);
                  if (of_group == found.end()) of_group = add_series(group);
                  const auto point = point_of(quarter);
                  for (std::size_t i = 0; i < parts.size(); ++i) {
                    const auto events = EventsAskedFor(query.scope, parts[i].of(of_quarter));
                    auto& series = of_group->second[i];
                    series.counts[point] += events;
                    series.total += events;
                  }
                });
  if (groups) TakeOff(found);
  for (auto& [group, series] : found) std::move(series.begin(), series.end(), std::back_inserter(answer.series));
  if (by_rows) {
    std::erase_if(answer.series, [](const auto& series) { return series.total == 0; });
    SortBySize(answer.series);
  }
  return answer;
}

constexpr std::string_view kRows = R"(
    FROM read.tracking_events_read_model
   WHERE partner_system_id = ANY (:systems::uuid[]) AND partner_id = :partner::uuid)";

/// Binds the filters of a question on rows, and says them in SQL.
class RowsOf {
 public:
  RowsOf(soci::statement& statement, const EventQuery& scope)
      : conditions_(statement), systems_(ArrayText(scope.systems)), partner_(scope.partner.ToString()) {
    statement.exchange(soci::use(systems_, "systems"));
    statement.exchange(soci::use(partner_, "partner"));
    AddRange(scope, conditions_);
    AddFilters(scope, conditions_);
  }
  RowsOf(const RowsOf&) = delete;
  RowsOf& operator=(const RowsOf&) = delete;

  std::string sql() const { return std::string(kRows).append(conditions_.sql()); }

 private:
  Conditions conditions_;
  const std::string systems_, partner_;
};

std::string_view GroupExpression(Grouping grouping) {
  switch (grouping) {
    case Grouping::kNone:
      return "''::text";
    case Grouping::kEventName:
      return "event_name";
    case Grouping::kVerdict:
      return "CASE WHEN is_unjudged THEN 'unjudged' WHEN is_valid THEN 'valid' ELSE 'invalid' END";
    case Grouping::kIsValid:
      return "CASE WHEN is_valid THEN 'true' ELSE 'false' END";
    case Grouping::kSystem:
      return "partner_system_id::text";
    case Grouping::kProperty:
      break;
  }
  // Objects and arrays are no values to tell events apart by; of long texts the beginning is.
  return R"((SELECT CASE WHEN json_typeof(member) NOT IN ('object', 'array')
                 THEN left(coalesce(member #>> '{}', 'null'), 256) END
            FROM (SELECT read.member(properties, :property::text[]) AS member) AS found))";
}

constexpr std::string_view kRankedGroups = R"(
   GROUP BY point, in_group
), ranked AS (
  SELECT in_group, row_number() OVER (ORDER BY sum(events) DESC, in_group) AS place
    FROM counted WHERE in_group IS NOT NULL GROUP BY in_group
)
SELECT point, CASE WHEN in_group IS NULL THEN 1 WHEN place <= :top::bigint THEN 0 ELSE 2 END AS kind,
       CASE WHEN place <= :top::bigint THEN in_group ELSE '' END AS shown_group, sum(events)::bigint
  FROM counted LEFT JOIN ranked USING (in_group)
 GROUP BY point, kind, shown_group)";

TimeSeries FetchCountedSeries(soci::session& session, const SeriesQuery& query, std::vector<Timestamp> points) {
  TimeSeries answer;
  answer.points = std::move(points);
  soci::statement statement(session);
  int point = 0, kind = 0;
  std::string group;
  long long events = 0;
  statement.exchange(soci::into(point));
  statement.exchange(soci::into(kind));
  statement.exchange(soci::into(group));
  statement.exchange(soci::into(events));
  const auto points_text = PointsText(answer.points), property = TextArray(query.property);
  const auto top = static_cast<long long>(query.top);
  statement.exchange(soci::use(points_text, "points"));
  if (query.grouping == Grouping::kProperty) statement.exchange(soci::use(property, "property"));
  statement.exchange(soci::use(top, "top"));
  const RowsOf rows(statement, query.scope);
  std::string sql =
      "WITH counted AS MATERIALIZED (\n  SELECT width_bucket(event_timestamp, :points::timestamptz[]) AS point, ";
  sql.append(GroupExpression(query.grouping)).append(" AS in_group, count(*) AS events").append(rows.sql());
  sql.append(kRankedGroups);

  using Key = std::pair<TimeSeries::Kind, std::string>;
  std::map<Key, TimeSeries::Series> found;
  const auto series_of = [&](TimeSeries::Kind of_kind, const std::string& of_group) -> TimeSeries::Series& {
    const auto [series, is_new] = found.try_emplace({of_kind, of_group});
    if (is_new) {
      series->second = {of_kind, of_group, 0, std::vector<std::int64_t>(answer.points.size())};
    }
    return series->second;
  };
  const bool is_of_parts =
      query.grouping == Grouping::kNone || query.grouping == Grouping::kVerdict || query.grouping == Grouping::kIsValid;
  if (is_of_parts) {
    for (const auto& part : PartsOf(query.grouping)) (void)series_of(TimeSeries::Kind::kGroup, part.name);
  }
  ForEachRow(statement, sql, [&] {
    auto& series = series_of(static_cast<TimeSeries::Kind>(kind), group);
    series.counts.at(static_cast<std::size_t>(point - 1)) += events;
    series.total += events;
  });
  if (is_of_parts) {  // in the order in which roll-ups give them
    for (const auto& part : PartsOf(query.grouping)) {
      answer.series.push_back(std::move(found.at({TimeSeries::Kind::kGroup, part.name})));
    }
  } else {
    for (auto& [key, series] : found) answer.series.push_back(std::move(series));
    SortBySize(answer.series);
  }
  return answer;
}

/// "1.5,2,NaN" without its braces, as texts.
std::vector<std::string> SplitArray(std::string_view array) {
  std::vector<std::string> texts;
  if (array.size() < 2) return texts;
  array = array.substr(1, array.size() - 2);
  while (!array.empty()) {
    const auto end = std::min(array.find(','), array.size());
    texts.emplace_back(array.substr(0, end));
    array.remove_prefix(std::min(end + 1, array.size()));
  }
  return texts;
}

std::string FractionsText(const std::vector<double>& percentiles) {
  std::string text = "{";
  for (const auto percentile : percentiles) {
    if (text.size() > 1) text.push_back(',');
    text += std::to_string(percentile / 100);
  }
  return text + "}";
}

// What is beyond 64-bit floating point is left out, as percentiles are found by that. The row of all has no point.
constexpr std::string_view kNumbersBegin = R"(
SELECT point, count(*), trim_scale(sum(number))::text, trim_scale(avg(number))::text, trim_scale(min(number))::text,
       trim_scale(max(number))::text,
       (percentile_cont(:fractions::double precision[]) WITHIN GROUP (ORDER BY number::double precision))::text
  FROM (SELECT point, read.number(member #>> '{}') AS number
          FROM (SELECT )";
constexpr std::string_view kNumbersMember = " AS point, read.member(properties, :property::text[]) AS member";
constexpr std::string_view kNumbersEnd = R"() AS members
         WHERE json_typeof(member) = 'number') AS numbers
 WHERE abs(number) <= 1e300
 GROUP BY GROUPING SETS ((), (point))
 ORDER BY point NULLS FIRST)";

Numbers FetchNumbers(soci::session& session, const NumbersQuery& query, std::vector<Timestamp> points) {
  Numbers answer;
  answer.points = std::move(points);
  answer.by_point.resize(answer.points.size());
  soci::statement statement(session);
  Nullable<int> point;
  long long count = 0;
  Nullable<std::string> sum, average, minimum, maximum, percentiles;
  statement.exchange(soci::into(point.value, point.indicator));
  statement.exchange(soci::into(count));
  for (auto* column : {&sum, &average, &minimum, &maximum, &percentiles}) {
    statement.exchange(soci::into(column->value, column->indicator));
  }
  const auto points_text = PointsText(answer.points), property = TextArray(query.property);
  const auto fractions = FractionsText(query.percentiles);
  statement.exchange(soci::use(fractions, "fractions"));
  if (query.interval) statement.exchange(soci::use(points_text, "points"));
  statement.exchange(soci::use(property, "property"));
  const RowsOf rows(statement, query.scope);
  std::string sql(kNumbersBegin);
  sql.append(query.interval ? "width_bucket(event_timestamp, :points::timestamptz[])" : "0").append(kNumbersMember);
  sql.append(rows.sql()).append(kNumbersEnd);
  const auto text = [](const Nullable<std::string>& column) { return column.has_value() ? column.value : ""; };
  ForEachRow(statement, sql, [&] {
    NumberSummary summary{count, text(sum), text(average), text(minimum), text(maximum), SplitArray(text(percentiles))};
    if (!point.has_value()) {
      answer.total = std::move(summary);
    } else if (query.interval) {
      answer.by_point.at(static_cast<std::size_t>(point.value - 1)) = std::move(summary);
    }
  });
  return answer;
}

}  // namespace

template <typename Query, typename Work>
auto PostgresStatisticsReader::Run(const char* name, const Query& query, Work work) {
  const auto partner = query.scope.partner;
  if (application::IsAnalysis(query)) return analyses_.Run(name, partner, query.stop, std::move(work));
  return pool_.Run(
      {.name = name, .rows = RowScope::Of(partner), .snapshot = true, .statement_timeout = settings_.statement_timeout},
      std::move(work));
}

Result<EventSummary> PostgresStatisticsReader::Summarize(const SummaryQuery& query) {
  if (AsksForNul(query.scope) || query.scope.systems.empty()) return EventSummary();  // no stored text has a NUL
  return Run("summarize events", query, [&](soci::session& session) -> Result<EventSummary> {
    return FetchSummary(session, query, settings_.counted_events);
  });
}

Result<TimeSeries> PostgresStatisticsReader::CountOverTime(const SeriesQuery& query) {
  return Run("count events over time", query, [&](soci::session& session) -> Result<TimeSeries> {
    if (auto known = time_zones_.Check(session, query.time_zone); !known) return known.error();
    auto points = FetchPoints(session, query.interval, query.time_zone, *query.scope.from, *query.scope.to);
    if (AsksForNul(query.scope) || HasNulIn(query.property) || query.scope.systems.empty() || points.empty()) {
      return TimeSeries{std::move(points), {}};
    }
    return application::IsAnalysis(query) ? FetchCountedSeries(session, query, std::move(points))
                                          : FetchRolledSeries(session, query, std::move(points));
  });
}

Result<Numbers> PostgresStatisticsReader::Measure(const NumbersQuery& query) {
  return Run("measure a property", query, [&](soci::session& session) -> Result<Numbers> {
    std::vector<Timestamp> points;
    if (query.interval) {
      if (auto known = time_zones_.Check(session, query.time_zone); !known) return known.error();
      points = FetchPoints(session, *query.interval, query.time_zone, *query.scope.from, *query.scope.to);
    }
    if (AsksForNul(query.scope) || HasNulIn(query.property) || query.scope.systems.empty() ||
        (query.interval && points.empty())) {
      auto count = points.size();
      return Numbers{{}, std::move(points), std::vector<NumberSummary>(count)};
    }
    return FetchNumbers(session, query, std::move(points));
  });
}

}  // namespace volcanion::infrastructure
