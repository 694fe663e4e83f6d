#include "Infrastructure/Postgres/RolledCounts.h"

#include "Infrastructure/Postgres/QuarterCounts.h"
#include "Infrastructure/Postgres/SociRows.h"
#include "Infrastructure/Postgres/TextArray.h"
#include "Infrastructure/Postgres/UserSketch.h"

#include <soci/soci.h>

#include <algorithm>
#include <chrono>

namespace volcanion::infrastructure {
namespace {

using application::EventCounts;
using application::EventQuery;
using application::Grouping;
using domain::Timestamp;

constexpr Timestamp kBeginning = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
constexpr Timestamp kEnd = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);

Quarter QuarterUpTo(Timestamp time) {
  const auto quarter = QuarterOf(time);
  return BeginOf(quarter) == time ? quarter : quarter + 1;
}

Timestamp BeginOfDay(Day day) { return BeginOf(day * kQuartersOfDay); }

/// A day, for a parameter of type date.
std::string DayText(Day day) { return domain::FormatRfc3339(BeginOfDay(day)).substr(0, 10); }

/// The year 10,000, which a text of four digits cannot say, is behind all events.
std::string EndText(Timestamp time) { return time >= kEnd ? "infinity" : domain::FormatRfc3339(time); }
std::string EndText(Day day) { return BeginOfDay(day) >= kEnd ? "infinity" : DayText(day); }

/// Hexadecimal digits, as encode(..., 'hex') writes them.
std::string FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes(hex.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  }
  return bytes;
}

/// Binds what every statement has: systems, partner, and the name when there is one.
class ScopeOf {
 public:
  ScopeOf(soci::statement& statement, const EventQuery& scope)
      : systems_(ArrayText(scope.systems)), partner_(scope.partner.ToString()), name_(scope.event_name) {
    statement.exchange(soci::use(systems_, "systems"));
    statement.exchange(soci::use(partner_, "partner"));
    if (name_) statement.exchange(soci::use(*name_, "name"));
  }
  ScopeOf(const ScopeOf&) = delete;
  ScopeOf& operator=(const ScopeOf&) = delete;

  std::string AndName() const { return name_ ? " AND event_name = :name" : ""; }

 private:
  const std::string systems_, partner_;
  const std::optional<std::string> name_;
};

constexpr std::string_view kOfScope = R"(
   WHERE partner_system_id = ANY (:systems::uuid[]) AND partner_id = :partner::uuid)";

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

EventCounts RolledCounts::InRange(Quarter quarter, const EventCounts& counts) const {
  if (quarter < parts_.first || quarter >= parts_.end_of_duplicates) return {};
  if (quarter < parts_.end) return counts;
  return {.duplicates = counts.duplicates};
}

std::string RolledCounts::GroupColumn() const {
  std::string column = grouping_ == Grouping::kEventName ? "event_name"
                       : grouping_ == Grouping::kSystem  ? "partner_system_id::text"
                                                         : "''";
  if (groups_) column = "CASE WHEN " + column + " = ANY (:groups::text[]) THEN " + column + " ELSE '' END";
  return column;
}

bool RolledCounts::Fits(const CountCell& cell) const {
  return std::find(scope_.systems.begin(), scope_.systems.end(), cell.system) != scope_.systems.end() &&
         (!scope_.event_name || *scope_.event_name == cell.event_name);
}

void RolledCounts::WholeDays(bool by_day, const TakeCounts& take, Extent& extent) {
  if (!parts_.HasWholeDays()) return;
  soci::statement statement(session_);
  std::string group;
  int day = 0;
  long long valid = 0, invalid = 0, unjudged = 0, duplicates = 0;
  Nullable<long long> first, last;
  statement.exchange(soci::into(group));
  statement.exchange(soci::into(day));
  statement.exchange(soci::into(valid));
  statement.exchange(soci::into(invalid));
  statement.exchange(soci::into(unjudged));
  statement.exchange(soci::into(duplicates));
  statement.exchange(soci::into(first.value, first.indicator));
  statement.exchange(soci::into(last.value, last.indicator));
  const ScopeOf scope(statement, scope_);
  const auto groups = TextArray(groups_.value_or(std::vector<std::string>()));
  if (groups_) statement.exchange(soci::use(groups, "groups"));
  const auto from = DayText(parts_.first_day), to = EndText(parts_.end_day);
  statement.exchange(soci::use(from, "from"));
  statement.exchange(soci::use(to, "to"));
  std::string sql = "SELECT " + GroupColumn() + " AS in_group, " + (by_day ? "day" : "'1970-01-01'::date") +
                    " - '1970-01-01'::date AS on_day, sum(valid)::bigint, sum(invalid)::bigint, "
                    "sum(unjudged)::bigint, sum(duplicates)::bigint, "
                    "(extract(epoch FROM min(first_at)) * 1000000)::bigint, "
                    "(extract(epoch FROM max(last_at)) * 1000000)::bigint FROM read.day_counts";
  sql.append(kOfScope).append(scope.AndName());
  sql.append(" AND day >= :from::date AND day < :to::date GROUP BY in_group, on_day");
  ForEachRow(statement, sql, [&] {
    take(group, by_day ? day * kQuartersOfDay : parts_.first_day * kQuartersOfDay,
         {valid, invalid, unjudged, duplicates});
    if (first.has_value() && last.has_value()) {
      extent.Widen(TimestampFromMicros(first.value), TimestampFromMicros(last.value));
    }
  });
}

// The quarters of rows that belong together are put behind each other: so few rows leave the server.
void RolledCounts::QuartersOfDays(Quarter first, Quarter end, const TakeCounts& take) {
  if (first >= end) return;
  soci::statement statement(session_);
  std::string group, quarters;
  int day = 0;
  statement.exchange(soci::into(group));
  statement.exchange(soci::into(day));
  statement.exchange(soci::into(quarters));
  const ScopeOf scope(statement, scope_);
  const auto groups = TextArray(groups_.value_or(std::vector<std::string>()));
  if (groups_) statement.exchange(soci::use(groups, "groups"));
  const auto from = DayText(DayOf(first)), to = EndText(DayOf(end - 1) + 1);
  statement.exchange(soci::use(from, "from"));
  statement.exchange(soci::use(to, "to"));
  std::string sql = "SELECT " + GroupColumn() +
                    " AS in_group, day - '1970-01-01'::date AS on_day, encode(string_agg(quarters, ''), 'hex') "
                    "FROM read.day_counts";
  sql.append(kOfScope).append(scope.AndName());
  sql.append(" AND day >= :from::date AND day < :to::date GROUP BY in_group, on_day");
  ForEachRow(statement, sql, [&] {
    ReadQuarters(FromHex(quarters), [&](int quarter_of_day, const EventCounts& counts) {
      const Quarter quarter = day * kQuartersOfDay + quarter_of_day;
      if (quarter >= first && quarter < end) take(group, quarter, InRange(quarter, counts));
    });
  });
}

std::string RolledCounts::FetchAdditions(Day first, Day end) {
  soci::statement statement(session_);
  Nullable<std::string> cells;
  statement.exchange(soci::into(cells.value, cells.indicator));
  const auto partner = scope_.partner.ToString(), from = DayText(first), to = EndText(end);
  statement.exchange(soci::use(partner, "partner"));
  statement.exchange(soci::use(from, "from"));
  statement.exchange(soci::use(to, "to"));
  std::string found;
  ForEachRow(statement, R"(
    SELECT encode(string_agg(cells, ''), 'hex') FROM read.count_additions
     WHERE partner_id = :partner::uuid AND last_day >= :from::date AND first_day < :to::date)",
             [&] {
               if (cells.has_value()) found = FromHex(cells.value);
             });
  return found;
}

void RolledCounts::Additions(const TakeCounts& take, Extent& extent) {
  if (parts_.first >= parts_.end_of_duplicates) return;
  const auto cells = FetchAdditions(DayOf(parts_.first), DayOf(parts_.end_of_duplicates - 1) + 1);
  ReadCells(cells, [&](const CountCell& cell) {
    if (!Fits(cell)) return;
    const auto counts = InRange(cell.quarter, cell.counts);
    const auto day = DayOf(cell.quarter);
    if (day >= parts_.first_day && day < parts_.end_day) extent.Widen(cell.first_at, cell.last_at);
    if (counts == EventCounts()) return;
    std::string group = grouping_ == Grouping::kEventName ? std::string(cell.event_name)
                        : grouping_ == Grouping::kSystem  ? cell.system.ToString()
                                                          : "";
    if (groups_ && std::find(groups_->begin(), groups_->end(), group) == groups_->end()) group.clear();
    take(group, cell.quarter, counts);
  });
}

void RolledCounts::Edges(const TakeCounts& take) {
  for (const auto& [begin, finish] : parts_.edges) {
    soci::statement statement(session_);
    std::string group;
    int is_valid = 0, is_unjudged = 0;
    long long events = 0;
    statement.exchange(soci::into(group));
    statement.exchange(soci::into(is_valid));
    statement.exchange(soci::into(is_unjudged));
    statement.exchange(soci::into(events));
    const ScopeOf scope(statement, scope_);
    const auto groups = TextArray(groups_.value_or(std::vector<std::string>()));
    if (groups_) statement.exchange(soci::use(groups, "groups"));
    const auto from = domain::FormatRfc3339(begin), to = EndText(finish);
    statement.exchange(soci::use(from, "from"));
    statement.exchange(soci::use(to, "to"));
    std::string sql = "SELECT " + GroupColumn() +
                      " AS in_group, is_valid::integer, is_unjudged::integer, count(*) "
                      "FROM read.tracking_events_read_model";
    sql.append(kOfScope).append(scope.AndName());
    sql.append(
        " AND event_timestamp >= :from::timestamptz AND event_timestamp < :to::timestamptz"
        " GROUP BY in_group, is_valid, is_unjudged");
    const auto quarter = QuarterOf(begin);
    ForEachRow(statement, sql, [&] {
      EventCounts counts;
      (is_unjudged != 0 ? counts.unjudged : is_valid != 0 ? counts.valid : counts.invalid) = events;
      take(group, quarter, counts);
    });
  }
}

std::map<std::string, EventCounts> RolledCounts::Totals(Extent& extent) {
  groups_.reset();
  std::map<std::string, EventCounts> totals;
  const TakeCounts add = [&totals](const std::string& group, Quarter, const EventCounts& counts) {
    totals[group] += counts;
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

void RolledCounts::UsersOfAdditions(Day first, Day end, const std::function<void(std::string_view)>& take) {
  if (first >= end) return;
  const auto cells = FetchAdditions(first, end);
  ReadCells(cells, [&](const CountCell& cell) {
    const auto day = DayOf(cell.quarter);
    if (day >= first && day < end && Fits(cell)) take(cell.users);
  });
}

namespace {

std::optional<Timestamp> FindAtEnd(soci::session& session, const EventQuery& scope, const RangeParts::Piece& piece,
                                   bool first) {
  if (piece.first >= piece.second) return std::nullopt;
  soci::statement statement(session);
  Nullable<long long> micros;
  statement.exchange(soci::into(micros.value, micros.indicator));
  const auto systems = ArrayText(scope.systems), partner = scope.partner.ToString();
  const auto from = domain::FormatRfc3339(piece.first), to = EndText(piece.second);
  const auto name = scope.event_name.value_or("");
  statement.exchange(soci::use(systems, "systems"));
  statement.exchange(soci::use(from, "from"));
  statement.exchange(soci::use(to, "to"));
  if (scope.event_name) statement.exchange(soci::use(name, "name"));
  statement.exchange(soci::use(partner, "partner"));
  const std::string order = first ? "" : " DESC";
  // The partner is compared last: see PostgresEventReader.cpp.
  const std::string sql = "SELECT (extract(epoch FROM " + std::string(first ? "min" : "max") +
                          R"((at)) * 1000000)::bigint
    FROM unnest(:systems::uuid[]) AS systems (id)
   CROSS JOIN LATERAL (SELECT event_timestamp AS at, partner_id FROM read.tracking_events_read_model
                        WHERE partner_system_id = systems.id AND event_timestamp >= :from::timestamptz
                          AND event_timestamp < :to::timestamptz)" +
                          (scope.event_name ? " AND event_name = :name" : "") + " ORDER BY event_timestamp" + order +
                          ", tracking_event_id" + order + " LIMIT 1) AS of_system WHERE partner_id = :partner::uuid";
  std::optional<Timestamp> found;
  ForEachRow(statement, sql, [&] {
    if (micros.has_value()) found = TimestampFromMicros(micros.value);
  });
  return found;
}

}  // namespace

std::optional<Timestamp> FindFirst(soci::session& session, const EventQuery& scope, const RangeParts::Piece& piece) {
  return FindAtEnd(session, scope, piece, true);
}

std::optional<Timestamp> FindLast(soci::session& session, const EventQuery& scope, const RangeParts::Piece& piece) {
  return FindAtEnd(session, scope, piece, false);
}

namespace {

/// Binds the systems, the name and a piece of time, and says so in SQL.
std::string UsersIn(soci::statement& statement, const ScopeOf& scope, const std::string& from, const std::string& to,
                    const char* what) {
  statement.exchange(soci::use(from, "from"));
  statement.exchange(soci::use(to, "to"));
  std::string sql = std::string("SELECT ") + what + " FROM read.tracking_events_read_model";
  sql.append(kOfScope).append(scope.AndName());
  return sql +
         " AND event_timestamp >= :from::timestamptz AND event_timestamp < :to::timestamptz AND user_id IS NOT NULL";
}

void MergeUsersOf(soci::session& session, const EventQuery& scope_of, const RangeParts::Piece& piece,
                  UserSketch& sketch) {
  if (piece.first >= piece.second) return;
  soci::statement statement(session);
  std::string user;
  statement.exchange(soci::into(user));
  const ScopeOf scope(statement, scope_of);
  const auto from = domain::FormatRfc3339(piece.first), to = EndText(piece.second);
  const auto sql = UsersIn(statement, scope, from, to, "DISTINCT user_id");
  ForEachRow(statement, sql, [&] { sketch.Add(UserEntry(user)); });
}

void MergeSketches(soci::session& session, const EventQuery& scope, Day first, Day end, UserSketch& sketch) {
  if (first >= end) return;
  soci::statement statement(session);
  Nullable<std::string> entries, registers;
  statement.exchange(soci::into(entries.value, entries.indicator));
  statement.exchange(soci::into(registers.value, registers.indicator));
  const auto systems = ArrayText(scope.systems), partner = scope.partner.ToString();
  const auto name = scope.event_name.value_or("");  // "": of all names
  const auto from = DayText(first), to = EndText(end);
  statement.exchange(soci::use(systems, "systems"));
  statement.exchange(soci::use(partner, "partner"));
  statement.exchange(soci::use(name, "name"));
  statement.exchange(soci::use(from, "from"));
  statement.exchange(soci::use(to, "to"));
  ForEachRow(statement, R"(
    SELECT encode(string_agg(sketch, '') FILTER (WHERE octet_length(sketch) <> 4096), 'hex'),
           encode(string_agg(sketch, '') FILTER (WHERE octet_length(sketch) = 4096), 'hex')
      FROM read.user_sketches
     WHERE partner_system_id = ANY (:systems::uuid[]) AND partner_id = :partner::uuid AND event_name = :name
       AND day >= :from::date AND day < :to::date)",
             [&] {
               if (entries.has_value()) sketch.MergeEntries(FromHex(entries.value));
               if (registers.has_value()) sketch.MergeRegisters(FromHex(registers.value));
             });
}

}  // namespace

application::UniqueUsers CountUsers(soci::session& session, const EventQuery& scope_of) {
  const RangeParts parts(scope_of.from, scope_of.to);
  if (parts.from >= parts.to) return {};
  soci::statement statement(session);
  long long users = 0;
  statement.exchange(soci::into(users));
  const ScopeOf scope(statement, scope_of);
  const auto from = domain::FormatRfc3339(parts.from), to = EndText(parts.to);
  const auto sql = UsersIn(statement, scope, from, to, "count(DISTINCT user_id)");
  ForEachRow(statement, sql, [] {});
  return {users, true, 0};
}

application::UniqueUsers EstimateUsers(soci::session& session, const EventQuery& scope, RolledCounts& counts) {
  const auto& parts = counts.parts();
  if (parts.from >= parts.to) return {};
  // A day that has no events beyond the range is a whole one, too: today, as a rule.
  Day first = DayOf(QuarterOf(parts.from)), end = DayOf(QuarterOf(parts.to - std::chrono::microseconds(1))) + 1;
  UserSketch sketch;
  if (FindFirst(session, scope, {BeginOfDay(first), parts.from})) {
    ++first;
    MergeUsersOf(session, scope, {parts.from, std::min(BeginOfDay(first), parts.to)}, sketch);
  }
  if (first < end && FindFirst(session, scope, {parts.to, BeginOfDay(end)})) {
    --end;
    MergeUsersOf(session, scope, {std::max(BeginOfDay(end), parts.from), parts.to}, sketch);
  }
  MergeSketches(session, scope, first, end, sketch);
  counts.UsersOfAdditions(first, end, [&sketch](std::string_view entries) { sketch.MergeEntries(entries); });
  return {sketch.Estimate(), false, UserSketch::kRelativeError};
}

}  // namespace volcanion::infrastructure
