#include "Infrastructure/Postgres/RolledCounts.h"

#include "Infrastructure/Postgres/BinaryCursor.h"
#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/QuarterCounts.h"
#include "Infrastructure/Postgres/UserSketch.h"

#include <algorithm>
#include <chrono>

namespace volcanion::infrastructure {
namespace {

using application::EventCounts;
using application::EventQuery;
using application::Grouping;
using domain::Timestamp;
using domain::Verdict;

constexpr Timestamp kBeginning = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
constexpr Timestamp kEnd = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);
constexpr Day kPostgresEpoch = 10'957;  // 2000-01-01, as a day since 1970

Timestamp BeginOfDay(Day day) { return BeginOf(day * kQuartersOfDay); }

std::optional<Timestamp> TimeFrom(const PqResult& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return FromPostgresMicros(rows.int8(row, column));
}

/// What every statement has as its parameters: $1 systems, $2 the partner, $3 and $4 the ends of a range, $5 names.
class Params {
 public:
  Params(const std::vector<domain::PartnerSystemId>& systems, domain::PartnerId partner,
         const std::vector<std::string>& names)
      : partner_(partner), systems_(kUuidOid, systems.size()), names_(kTextOid, names.size()) {
    for (const auto& system : systems) systems_.Uuid(system.value);
    for (const auto& name : names) names_.Bytes(name);
  }

  PqResult Ask(soci::session& session, const std::string& sql, Day first, Day end) {
    from_.Int4(first - kPostgresEpoch);
    to_.Int4(end - kPostgresEpoch);
    return Ask(session, sql, kDateOid, from_.last(4), to_.last(4));
  }
  PqResult Ask(soci::session& session, const std::string& sql, const RangeParts::Piece& piece) {
    from_.Timestamp(piece.first);
    to_.Timestamp(piece.second);
    return Ask(session, sql, kTimestamptzOid, from_.last(8), to_.last(8));
  }

 private:
  PqResult Ask(soci::session& session, const std::string& sql, Oid type, std::string_view from, std::string_view to) {
    return AskInBinary(session, sql,
                       {{kUuidArrayOid, systems_.bytes()},
                        {kUuidOid, BytesOf(partner_.value)},
                        {type, from},
                        {type, to},
                        {kTextArrayOid, names_.bytes()}});
  }

  const domain::PartnerId partner_;
  BinaryArray systems_, names_;
  BinaryValues from_, to_;
};

std::vector<std::string> NamesOf(const EventQuery& scope) {
  return scope.event_name ? std::vector{*scope.event_name} : std::vector<std::string>();
}

Params OfRows(const EventQuery& scope) { return {scope.systems, scope.partner, NamesOf(scope)}; }

constexpr std::string_view kOfScope = " WHERE partner_system_id = ANY ($1) AND partner_id = $2";
constexpr std::string_view kOfDays = " AND day >= $3 AND day < $4";
constexpr std::string_view kOfTimes = " AND event_timestamp >= $3 AND event_timestamp < $4";

std::string_view AndName(const EventQuery& scope) { return scope.event_name ? " AND event_name = ANY ($5)" : ""; }

/// In the place of systems, where a row is of the whole partner.
domain::PartnerSystemId AllSystemsOf(domain::PartnerId partner) { return {partner.value}; }

}  // namespace

RangeParts::RangeParts(std::optional<Timestamp> begin, std::optional<Timestamp> finish)
    : from(std::max(begin.value_or(kBeginning), kBeginning)), to(std::min(finish.value_or(kEnd), kEnd)) {
  if (to <= from) {
    to = from;
    first = end = end_of_duplicates = QuarterOf(from);
    first_day = end_day = DayOf(first);
    return;
  }
  first = QuarterUpTo(from);
  end = QuarterOf(to);
  end_of_duplicates = QuarterUpTo(to);
  if (first > end) {  // within one quarter
    edges.emplace_back(from, to);
  } else {
    if (from < BeginOf(first)) edges.emplace_back(from, BeginOf(first));
    if (BeginOf(end) < to) edges.emplace_back(BeginOf(end), to);
  }
  first_day = DayOf(first + kQuartersOfDay - 1);
  end_day = DayOf(end);
}

std::vector<RangeParts::Piece> RangeParts::BesideWholeDays() const {
  std::vector<Piece> pieces;
  if (from >= to) return pieces;
  if (!HasWholeDays()) return {{from, to}};
  if (from < BeginOfDay(first_day)) pieces.emplace_back(from, BeginOfDay(first_day));
  if (BeginOfDay(end_day) < to) pieces.emplace_back(BeginOfDay(end_day), to);
  return pieces;
}

void Extent::Widen(const std::optional<Timestamp>& first, const std::optional<Timestamp>& last) {
  if (!first || !last) return;
  first_at = std::min(first_at.value_or(*first), *first);
  last_at = std::max(last_at.value_or(*last), *last);
}

void Extent::Widen(const std::optional<Timestamp>& event) { Widen(event, event); }

std::int64_t EventsAskedFor(const EventQuery& scope, const EventCounts& counts) {
  const auto of = [&scope](Verdict::Outcome outcome) {
    return (!scope.verdict || *scope.verdict == outcome) &&
           (!scope.is_valid || *scope.is_valid == (outcome == Verdict::Outcome::kValid));
  };
  return (of(Verdict::Outcome::kValid) ? counts.valid : 0) + (of(Verdict::Outcome::kInvalid) ? counts.invalid : 0) +
         (of(Verdict::Outcome::kUnjudged) ? counts.unjudged : 0);
}

EventCounts RolledCounts::InRange(Quarter quarter, const EventCounts& counts) const {
  if (quarter < parts_.first || quarter >= parts_.end_of_duplicates) return {};
  if (quarter < parts_.end) return counts;
  return {.duplicates = counts.duplicates};
}

RolledCounts::RolledCounts(soci::session& session, const EventQuery& scope, Grouping grouping)
    : session_(session),
      scope_(scope),
      parts_(scope.from, scope.to),
      grouping_(grouping),
      is_of_partner_(scope.is_of_all_systems && grouping != Grouping::kSystem) {
  for (const auto& system : scope.systems) texts_of_systems_.emplace_back(system, system.ToString());
}

// A name is never empty: whoever asks for that gets nothing, and not the row of all names.
RolledCounts::Rows RolledCounts::RowsToRead() const {
  Rows rows;
  if (is_of_partner_) {
    rows.systems = {AllSystemsOf(scope_.partner)};
  } else {
    rows.systems = scope_.systems;
  }
  if (scope_.event_name) {
    if (!scope_.event_name->empty()) rows.names = {*scope_.event_name};
  } else if (grouping_ != Grouping::kEventName) {
    rows.names = {""};
  } else if (groups_) {
    rows.names = *groups_;
    rows.names.emplace_back();
  } else {
    rows.condition = " AND event_name <> ''";
  }
  return rows;
}

std::string RolledCounts::GroupColumn() const {
  if (grouping_ == Grouping::kEventName) return "event_name";
  return grouping_ == Grouping::kSystem ? "partner_system_id::text" : "''::text";
}

bool RolledCounts::HasSeries(std::string_view group) const {
  return !groups_ || std::find(groups_->begin(), groups_->end(), group) != groups_->end();
}

void RolledCounts::TakeOnce(std::string_view group, Quarter quarter, const EventCounts& counts,
                            const TakeCounts& take) const {
  if (HasSeries(group)) take(group, quarter, counts);
  if (groups_) take("", quarter, counts);
}

bool RolledCounts::Fits(const CountCell& cell) const {
  return (is_of_partner_ ||
          std::find(scope_.systems.begin(), scope_.systems.end(), cell.system) != scope_.systems.end()) &&
         (!scope_.event_name || *scope_.event_name == cell.event_name);
}

void RolledCounts::WholeDays(bool by_day, const TakeCounts& take, Extent& extent) {
  if (!parts_.HasWholeDays()) return;
  const auto asked = RowsToRead();
  std::string sql = "SELECT " + GroupColumn() + " AS in_group, " + (by_day ? "day" : "'1970-01-01'::date") +
                    " - '1970-01-01'::date AS on_day, sum(valid)::bigint, sum(invalid)::bigint, "
                    "sum(unjudged)::bigint, sum(duplicates)::bigint, min(first_at), max(last_at) FROM read.day_counts";
  sql.append(kOfScope).append(kOfDays).append(asked.condition).append(" GROUP BY in_group, on_day");
  const auto rows =
      Params(asked.systems, scope_.partner, asked.names).Ask(session_, sql, parts_.first_day, parts_.end_day);
  for (int row = 0; row < rows.rows(); ++row) {
    const auto day = by_day ? rows.int4(row, 1) : parts_.first_day;
    const EventCounts counts{rows.int8(row, 2), rows.int8(row, 3), rows.int8(row, 4), rows.int8(row, 5)};
    extent.Widen(TimeFrom(rows, row, 6), TimeFrom(rows, row, 7));
    TakeRolled(rows.bytes(row, 0), day * kQuartersOfDay, counts, take);
  }
}

void RolledCounts::TakeRolled(std::string_view group, Quarter quarter, const EventCounts& counts,
                              const TakeCounts& take) const {
  grouping_ == Grouping::kSystem ? TakeOnce(group, quarter, counts, take) : take(group, quarter, counts);
}

void RolledCounts::QuartersOfDays(Quarter first, Quarter end, const TakeCounts& take) {
  if (first >= end) return;
  const auto asked = RowsToRead();
  std::string sql = "SELECT " + GroupColumn() + ", day - '1970-01-01'::date, quarters FROM read.day_counts";
  sql.append(kOfScope).append(kOfDays).append(asked.condition);
  const auto rows =
      Params(asked.systems, scope_.partner, asked.names).Ask(session_, sql, DayOf(first), DayOf(end - 1) + 1);
  for (int row = 0; row < rows.rows(); ++row) {
    const auto group = rows.bytes(row, 0);
    const auto day = rows.int4(row, 1);
    ReadQuarters(rows.bytes(row, 2), [&](int quarter_of_day, const EventCounts& counts) {
      const Quarter quarter = day * kQuartersOfDay + quarter_of_day;
      if (quarter >= first && quarter < end) TakeRolled(group, quarter, InRange(quarter, counts), take);
    });
  }
}

void RolledCounts::EachAddition(const std::function<void(const CountCell&)>& take) {
  if (!additions_) {
    const auto last = parts_.to - std::chrono::microseconds(1);
    additions_ = Params({}, scope_.partner, {})
                     .Ask(session_,
                          "SELECT cells FROM read.count_additions "
                          "WHERE partner_id = $2 AND last_day >= $3 AND first_day < $4",
                          DayOf(QuarterOf(parts_.from)), DayOf(QuarterOf(last)) + 1);
  }
  for (int row = 0; row < additions_->rows(); ++row) {
    ReadCells(additions_->bytes(row, 0), [&](const CountCell& cell) {
      if (Fits(cell)) take(cell);
    });
  }
}

void RolledCounts::Additions(const TakeCounts& take, Extent& extent) {
  if (parts_.first >= parts_.end_of_duplicates) return;
  EachAddition([&](const CountCell& cell) {
    const auto counts = InRange(cell.quarter, cell.counts);
    const auto day = DayOf(cell.quarter);
    if (day >= parts_.first_day && day < parts_.end_day) extent.Widen(cell.first_at, cell.last_at);
    if (counts == EventCounts()) return;
    std::string_view group;
    if (grouping_ == Grouping::kEventName) group = cell.event_name;
    if (grouping_ == Grouping::kSystem) {
      group = std::find_if(texts_of_systems_.begin(), texts_of_systems_.end(), [&](const auto& system) {
                return system.first == cell.system;
              })->second;
    }
    TakeOnce(group, cell.quarter, counts, take);
  });
}

void RolledCounts::Edges(const TakeCounts& take) {
  for (const auto& piece : parts_.edges) {
    std::string sql = "SELECT " + GroupColumn() +
                      " AS in_group, is_valid, is_unjudged, count(*) FROM read.tracking_events_read_model";
    sql.append(kOfScope).append(kOfTimes).append(AndName(scope_));
    sql.append(" GROUP BY in_group, is_valid, is_unjudged");
    const auto rows = OfRows(scope_).Ask(session_, sql, piece);
    const auto quarter = QuarterOf(piece.first);
    for (int row = 0; row < rows.rows(); ++row) {
      EventCounts counts;
      (rows.boolean(row, 2)   ? counts.unjudged
       : rows.boolean(row, 1) ? counts.valid
                              : counts.invalid) = rows.int8(row, 3);
      TakeOnce(rows.bytes(row, 0), quarter, counts, take);
    }
  }
}

RolledCounts::TotalsByGroup RolledCounts::Totals(Extent& extent) {
  groups_.reset();
  TotalsByGroup totals;
  const TakeCounts add = [&totals](std::string_view group, Quarter, const EventCounts& counts) {
    auto found = totals.find(group);
    if (found == totals.end()) found = totals.emplace(group, EventCounts()).first;
    found->second += counts;
  };
  WholeDays(false, add, extent);
  if (parts_.HasWholeDays()) {
    QuartersOfDays(parts_.first, parts_.first_day * kQuartersOfDay, add);
    QuartersOfDays(parts_.end_day * kQuartersOfDay, parts_.end_of_duplicates, add);
  } else {
    QuartersOfDays(parts_.first, parts_.end_of_duplicates, add);
  }
  Additions(add, extent);
  Edges(add);
  std::erase_if(totals, [](const auto& of_group) { return of_group.second == EventCounts(); });
  return totals;
}

void RolledCounts::Series(bool by_days, const std::optional<std::vector<std::string>>& groups, const TakeCounts& take) {
  groups_ = groups;
  Extent extent;
  if (by_days && parts_.HasWholeDays()) {
    WholeDays(true, take, extent);
    QuartersOfDays(parts_.first, parts_.first_day * kQuartersOfDay, take);
    QuartersOfDays(parts_.end_day * kQuartersOfDay, parts_.end_of_duplicates, take);
  } else {
    QuartersOfDays(parts_.first, parts_.end_of_duplicates, take);
  }
  Additions(take, extent);
  Edges(take);
}

void RolledCounts::UsersOfAdditions(Quarter first, Quarter end, const std::function<void(std::string_view)>& take) {
  if (first >= end) return;
  EachAddition([&](const CountCell& cell) {
    if (cell.quarter >= first && cell.quarter < end) take(cell.users);
  });
}

namespace {

std::optional<Timestamp> FindAtEnd(soci::session& session, const EventQuery& scope, const RangeParts::Piece& piece,
                                   bool first) {
  if (piece.first >= piece.second) return std::nullopt;
  const std::string order = first ? "" : " DESC";
  // The partner is compared last: see PostgresEventReader.cpp.
  std::string sql = std::string("SELECT ") + (first ? "min" : "max") + R"((at)
    FROM unnest($1) AS systems (id)
   CROSS JOIN LATERAL (SELECT event_timestamp AS at, partner_id FROM read.tracking_events_read_model
                        WHERE partner_system_id = systems.id)";
  sql.append(kOfTimes).append(scope.event_name ? " AND event_name = $5[1]" : "");
  sql.append(" ORDER BY event_timestamp" + order + ", tracking_event_id" + order +
             " LIMIT 1) AS of_system WHERE partner_id = $2");
  return TimeFrom(OfRows(scope).Ask(session, sql, piece), 0, 0);
}

}  // namespace

std::optional<Timestamp> FindFirst(soci::session& session, const EventQuery& scope, const RangeParts::Piece& piece) {
  return FindAtEnd(session, scope, piece, true);
}

std::optional<Timestamp> FindLast(soci::session& session, const EventQuery& scope, const RangeParts::Piece& piece) {
  return FindAtEnd(session, scope, piece, false);
}

namespace {

std::string UsersIn(const EventQuery& scope, const char* what) {
  std::string sql = std::string("SELECT ") + what + " FROM read.tracking_events_read_model";
  return sql.append(kOfScope).append(kOfTimes).append(AndName(scope)).append(" AND user_id IS NOT NULL");
}

void MergeUsersOf(soci::session& session, const EventQuery& scope, const RangeParts::Piece& piece, UserSketch& sketch) {
  if (piece.first >= piece.second) return;
  const auto users = OfRows(scope).Ask(session, UsersIn(scope, "DISTINCT user_id"), piece);
  for (int row = 0; row < users.rows(); ++row) sketch.Add(UserEntry(users.bytes(row, 0)));
}

void Merge(const PqResult& sketches, UserSketch& sketch) {
  for (int row = 0; row < sketches.rows(); ++row) sketch.Merge(sketches.bytes(row, 0));
}

/// Of the quarters [first, end): whole days, and of all names whole hours, too.
void MergeSketches(soci::session& session, const EventQuery& scope, Quarter first, Quarter end, UserSketch& sketch) {
  if (first >= end) return;
  const auto systems = scope.is_of_all_systems ? std::vector{AllSystemsOf(scope.partner)} : scope.systems;
  Params params(systems, scope.partner, {scope.event_name.value_or("")});  // "": of all names
  const auto first_day = DayOf(first + kQuartersOfDay - 1), end_day = DayOf(end);
  if (first_day < end_day) {
    std::string sql = "SELECT sketch FROM read.user_sketches";
    sql.append(kOfScope).append(kOfDays).append(" AND event_name = $5[1]");
    Merge(params.Ask(session, sql, first_day, end_day), sketch);
  }
  const auto merge_hours = [&](Quarter from, Quarter to) {
    if (from >= to) return;
    std::string sql = "SELECT sketch FROM read.hour_user_sketches";
    sql.append(kOfScope).append(" AND hour >= $3 AND hour < $4");
    Merge(params.Ask(session, sql, RangeParts::Piece(BeginOf(from), BeginOf(to))), sketch);
  };
  if (first_day >= end_day) return merge_hours(first, end);
  merge_hours(first, first_day * kQuartersOfDay);
  merge_hours(end_day * kQuartersOfDay, end);
}

}  // namespace

application::UniqueUsers CountUsers(soci::session& session, const EventQuery& scope) {
  const RangeParts parts(scope.from, scope.to);
  if (parts.from >= parts.to) return {};
  const auto users = OfRows(scope).Ask(session, UsersIn(scope, "count(DISTINCT user_id)"), {parts.from, parts.to});
  return {users.int8(0, 0), true, 0};
}

application::UniqueUsers EstimateUsers(soci::session& session, const EventQuery& scope, RolledCounts& counts) {
  const auto& parts = counts.parts();
  if (parts.from >= parts.to) return {};
  // Sketches are of hours, those of a name of days. One that has no events beyond the range is as good as one that lies
  // in it: the last one, as a rule.
  const Quarter unit = scope.event_name ? kQuartersOfDay : kQuartersOfHour;
  const auto begin_of = [unit](Quarter quarter) {
    return (unit == kQuartersOfDay ? DayOf(quarter) : HourOf(quarter)) * unit;
  };
  Quarter first = begin_of(QuarterOf(parts.from));
  Quarter end = begin_of(QuarterOf(parts.to - std::chrono::microseconds(1))) + unit;
  UserSketch sketch;
  if (FindFirst(session, scope, {BeginOf(first), parts.from})) {
    first += unit;
    MergeUsersOf(session, scope, {parts.from, std::min(BeginOf(first), parts.to)}, sketch);
  }
  if (first < end && FindFirst(session, scope, {parts.to, BeginOf(end)})) {
    end -= unit;
    MergeUsersOf(session, scope, {std::max(BeginOf(end), parts.from), parts.to}, sketch);
  }
  MergeSketches(session, scope, first, end, sketch);
  counts.UsersOfAdditions(first, end, [&sketch](std::string_view entries) { sketch.MergeEntries(entries); });
  return {sketch.Estimate(), false, UserSketch::kRelativeError};
}

}  // namespace volcanion::infrastructure
