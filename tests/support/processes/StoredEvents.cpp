#include "tests/support/processes/StoredEvents.h"

#include "tests/support/TestDatabase.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <map>

namespace volcanion::test::processes {

Stored CompareWithStore(const std::vector<SentEvent>& sent, const std::string& write_dsn) {
  std::map<std::string, std::vector<std::string>> rows;
  for (auto& row : SqlRows(write_dsn, "SELECT event_id, properties::text FROM write.tracking_events")) {
    rows[*row[0]].push_back(*row[1]);
  }
  Stored stored;
  for (const auto& event : sent) {
    const auto found = rows.extract(event.id);
    if (found.empty()) {
      stored.missing += event.is_acknowledged ? 1 : 0;
      continue;
    }
    stored.unacknowledged += event.is_acknowledged ? 0 : 1;
    stored.repeated += found.mapped().size() > 1 ? 1 : 0;
    stored.altered += found.mapped().front() != event.properties ? 1 : 0;
  }
  stored.unknown = static_cast<int>(rows.size());
  return stored;
}

void CheckLedger(const Shop& shop) {
  const auto events = shop.Written("SELECT count(*) FROM write.tracking_events");
  CHECK(shop.Written("SELECT sum(event_count) FROM write.batches") == events);
  CHECK(shop.Written(
            "SELECT count(*) FROM write.event_keys JOIN write.tracking_events USING (batch_id, ordinal, event_id)") ==
        events);
  CHECK(shop.Written("SELECT count(*) FROM write.event_keys") == events);
  CHECK(shop.Written("SELECT count(DISTINCT batch_id) FROM write.tracking_events") ==
        shop.Written("SELECT count(*) FROM write.batches WHERE event_count > 0"));
}

void CheckEverythingAcknowledgedIsStored(const Load& load, const Shop& shop) {
  const auto stored = CompareWithStore(load.sent(), shop.write());
  CHECK(stored.missing == 0);
  CHECK(stored.unknown == 0);
  CHECK(stored.repeated == 0);
  CHECK(stored.altered == 0);
  CHECK(load.strange_answers().empty());
  if (!load.strange_answers().empty()) MESSAGE(load.strange_answers().front());
  CheckLedger(shop);
}

void WaitForSessionsToEnd(const std::string& dsn) {
  WaitUntil("the sessions of the database have ended", [&] {
    return Sql(dsn,
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
               "AND backend_type = 'client backend' AND pid <> pg_backend_pid()") == "0";
  });
}

}  // namespace volcanion::test::processes
