#include "tests/support/RollUps.h"

#include "Infrastructure/Postgres/CountCells.h"
#include "Infrastructure/Postgres/Migrations.h"
#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/PqConnection.h"
#include "Infrastructure/Postgres/QuarterCounts.h"
#include "tests/support/TestDatabase.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace volcanion::test {

using namespace infrastructure;

std::string RolledUp(const std::string& read_dsn) {
  std::map<std::string, application::EventCounts> counted;
  const auto add = [&](const std::string& system, std::string_view name, Quarter quarter, const EventCounts& counts) {
    counted[system + "|" + std::string(name) + "|" + std::to_string(quarter)] += counts;
  };
  PqConnection connection(read_dsn);
  (void)connection.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const auto days = connection.Execute(
      "SELECT partner_system_id::text, event_name, day - '1970-01-01'::date, quarters FROM read.day_counts "
      "WHERE partner_system_id <> partner_id AND event_name <> $1",
      {{kTextOid, ""}});
  for (int row = 0; row < days.rows(); ++row) {
    ReadQuarters(days.bytes(row, 3), [&](int quarter, const EventCounts& counts) {
      add(std::string(days.bytes(row, 0)), days.bytes(row, 1), days.int4(row, 2) * kQuartersOfDay + quarter, counts);
    });
  }
  const auto additions =
      connection.Execute("SELECT cells FROM read.count_additions WHERE cells <> $1", {{kByteaOid, ""}});
  for (int row = 0; row < additions.rows(); ++row) {
    ReadCells(additions.bytes(row, 0),
              [&](const CountCell& cell) { add(cell.system.ToString(), cell.event_name, cell.quarter, cell.counts); });
  }
  std::string lines;
  for (const auto& [key, counts] : counted) {
    if (counts.valid == 0 && counts.invalid == 0 && counts.unjudged == 0) continue;
    lines.append(lines.empty() ? "" : "\n").append(key).append(" ").append(std::to_string(counts.valid));
    lines.append(" ").append(std::to_string(counts.invalid)).append(" ").append(std::to_string(counts.unjudged));
  }
  return lines;
}

std::string CountedIn(const std::string& dsn, std::string_view table) {
  return Sql(dsn, R"sql(
    SELECT string_agg(concat_ws(' ', key, valid, invalid, unjudged), E'\n' ORDER BY key COLLATE "C")
      FROM (SELECT partner_system_id || '|' || event_name || '|' || floor(extract(epoch FROM event_timestamp) / 900) AS key,
                   count(*) FILTER (WHERE is_valid) AS valid,
                   count(*) FILTER (WHERE NOT is_valid AND NOT is_unjudged) AS invalid,
                   count(*) FILTER (WHERE is_unjudged) AS unjudged
              FROM )sql" +
                      std::string(table) + " GROUP BY 1) AS counted");
}

void MigrateAgain(const std::string& read_dsn, std::string_view name) {
  const auto migrations = ReadStoreMigrations();
  const auto found = std::find_if(migrations.begin(), migrations.end(),
                                  [&](const Migration& migration) { return migration.name == name; });
  if (found == migrations.end()) throw std::runtime_error("there is no such migration");
  // The earlier migrations grant rights on a table that a later one drops.
  (void)Sql(read_dsn, "BEGIN; CREATE TABLE read.event_counts (); " + std::string(found->sql) +
                          "; DROP TABLE read.event_counts; COMMIT");
}

}  // namespace volcanion::test
