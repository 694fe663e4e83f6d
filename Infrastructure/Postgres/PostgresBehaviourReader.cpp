#include "Infrastructure/Postgres/PostgresBehaviourReader.h"

#include "Infrastructure/Postgres/BinaryCursor.h"
#include "Infrastructure/Postgres/EventFilters.h"
#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::Action;
using application::ActionQuery;
using application::Calendar;
using application::Identity;
using application::Presence;
using application::PresenceQuery;
using domain::Done;
using domain::Result;

constexpr std::array<const char*, application::kMaxEventMatches> kNames = {"name0", "name1", "name2", "name3", "name4",
                                                                           "name5", "name6", "name7", "name8", "name9"};

std::string_view ColumnOf(Identity identity) { return identity == Identity::kUserId ? "user_id" : "anonymous_id"; }

domain::Timestamp TimeOf(const PqResult& rows, int row, int column) {
  return FromPostgresMicros(rows.int8(row, column));
}

/// The first day of the period of `time`, a timestamptz, in days since 1970.
std::string PeriodExpression(std::string_view time, const Calendar& calendar) {
  std::string local = "(";
  local.append(time).append(" AT TIME ZONE :zone::text)");
  if (calendar.by_week) local = "date_trunc('week', " + local + ")";
  return "(" + local + "::date - DATE '1970-01-01')";
}

/// A condition for each match; whether it can hold at all: no stored text has a NUL.
bool AddMatches(const ActionQuery& query, Conditions& conditions, std::string& bits) {
  std::string names;
  std::size_t properties = 0;
  bool any = false;
  for (std::size_t i = 0; i < query.matches.size(); ++i) {
    const auto& match = query.matches[i];
    if (HasNul(match.event_name)) continue;
    any = true;
    const auto name = std::string(":") + kNames.at(i);
    conditions.Bind(kNames[i], match.event_name);
    names.append(names.empty() ? "" : ", ").append(name);
    bits.append(bits.empty() ? "" : " | ").append("CASE WHEN event_name = ").append(name);
    for (const auto& property : match.properties) {
      bits.append(" AND ").append(BindProperty(property, properties++, conditions));
    }
    bits.append(" THEN ").append(std::to_string(1u << i)).append(" ELSE 0 END");
  }
  if (any) conditions.Add("event_name IN (" + names + ")");
  return any;
}

void AddRange(const std::optional<domain::Timestamp>& from, const std::optional<domain::Timestamp>& to,
              Conditions& conditions) {
  if (from) conditions.Add("event_timestamp >= :from::timestamptz", "from", domain::FormatRfc3339(*from));
  if (to) conditions.Add("event_timestamp < :to::timestamptz", "to", domain::FormatRfc3339(*to));
}

class Picture final : public application::BehaviourPicture {
 public:
  Picture(soci::session& session, domain::PartnerId partner, std::stop_token stop)
      : session_(session), partner_(partner), stop_(std::move(stop)) {}

  void EachAction(const ActionQuery& query, const std::function<bool(const Action&)>& take) override {
    if (query.person && HasNul(*query.person)) return;
    soci::statement statement(session_);
    Conditions conditions(statement);
    std::string bits;
    AddRange(query.from, query.to, conditions);
    if (!query.matches.empty() && !AddMatches(query, conditions, bits)) return;
    const std::string person(ColumnOf(query.identity));
    if (query.person) conditions.Add(person + " = :person", "person", *query.person);
    const auto has_properties = std::any_of(query.matches.begin(), query.matches.end(),
                                            [](const auto& match) { return !match.properties.empty(); });
    std::string sql = "SELECT " + person + ", event_timestamp, tracking_event_id, " + (bits.empty() ? "0" : bits) +
                      " AS matches" + RowsOf(query.systems, person, conditions);
    if (has_properties) sql = "SELECT * FROM (" + sql + ") AS action WHERE matches <> 0";
    if (query.person) sql += " ORDER BY event_timestamp, tracking_event_id";
    ReadInBinary(session_, statement, sql, stop_, [&](const PqResult& rows, int row) {
      return take({rows.bytes(row, 0),
                   TimeOf(rows, row, 1),
                   {UuidFromBytes(rows.bytes(row, 2))},
                   static_cast<std::uint32_t>(rows.int4(row, 3))});
    });
  }

  // The first event of all has to be looked for in all there are: the range comes behind that.
  void EachFirst(const PresenceQuery& query, const std::function<bool(const Presence&)>& take) override {
    soci::statement statement(session_);
    Conditions conditions(statement);
    conditions.Add("event_timestamp < :to::timestamptz", "to", domain::FormatRfc3339(query.to));
    if (!AddName(query, conditions)) return;
    const std::string person(ColumnOf(query.identity));
    const auto firsts = "SELECT " + person + " AS person, min(event_timestamp) AS first" +
                        RowsOf(query.systems, person, conditions) + " GROUP BY " + person;
    conditions.Bind("from", domain::FormatRfc3339(query.from));
    conditions.Bind("zone", query.calendar.time_zone);
    EachOf("SELECT person, " + PeriodExpression("first", query.calendar) + ", first FROM (" + firsts +
               ") AS firsts WHERE first >= :from::timestamptz",
           statement, take);
  }

  void EachPresence(const PresenceQuery& query, const std::function<bool(const Presence&)>& take) override {
    soci::statement statement(session_);
    Conditions conditions(statement);
    AddRange(query.from, query.to, conditions);
    if (!AddName(query, conditions)) return;
    conditions.Bind("zone", query.calendar.time_zone);
    const std::string person(ColumnOf(query.identity));
    EachOf("SELECT " + person + ", " + PeriodExpression("event_timestamp", query.calendar) + ", max(event_timestamp)" +
               RowsOf(query.systems, person, conditions) + " GROUP BY 1, 2",
           statement, take);
  }

  std::optional<int> PeriodOf(domain::Timestamp time, const Calendar& calendar) override {
    const auto text = domain::FormatRfc3339(time);
    int period = 0;
    try {
      session_.once << "SELECT " + PeriodExpression(":time::timestamptz", calendar), soci::use(text, "time"),
          soci::use(calendar.time_zone, "zone"), soci::into(period);
    } catch (const soci::postgresql_soci_error& error) {
      if (error.sqlstate() == "22023") return std::nullopt;
      throw;
    }
    return period;
  }

 private:
  static bool AddName(const PresenceQuery& query, Conditions& conditions) {
    if (!query.event_name) return true;
    conditions.Add("event_name = :event_name", "event_name", *query.event_name);
    return !HasNul(*query.event_name);
  }

  std::string RowsOf(const std::vector<domain::PartnerSystemId>& systems, const std::string& person,
                     Conditions& conditions) const {
    conditions.Bind("systems", ArrayText(systems));
    conditions.Bind("partner", partner_.ToString());
    return R"(
    FROM read.tracking_events_read_model
   WHERE partner_system_id = ANY (:systems::uuid[]) AND partner_id = :partner::uuid
     AND )" +
           person + " IS NOT NULL" + conditions.sql();
  }

  void EachOf(const std::string& sql, soci::statement& statement, const std::function<bool(const Presence&)>& take) {
    ReadInBinary(session_, statement, sql, stop_, [&](const PqResult& rows, int row) {
      return take({rows.bytes(row, 0), rows.int4(row, 1), TimeOf(rows, row, 2)});
    });
  }

  soci::session& session_;
  const domain::PartnerId partner_;
  const std::stop_token stop_;
};

}  // namespace

Result<Done> PostgresBehaviourReader::Look(std::string_view name, domain::PartnerId partner,
                                           const std::stop_token& stop,
                                           const std::function<Result<Done>(application::BehaviourPicture&)>& look) {
  return pool_.Run(name, partner, stop, [&](soci::session& session) -> Result<Done> {
    Picture picture(session, partner, stop);
    return look(picture);
  });
}

}  // namespace volcanion::infrastructure
