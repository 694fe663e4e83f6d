#include "Infrastructure/Postgres/PostgresBehaviourReader.h"
#include "tests/integration/ReaderFixture.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;
using namespace volcanion::infrastructure;
using application::ActionQuery;
using test::At;
using test::Sql;

namespace {

constexpr int kRows = 40'000;
constexpr int kNames = 20;
constexpr int kPeople = 2'000;

/// 40,000 events of one system: 20 names, 2,000 users.
struct PlanFixture : test::ReaderFixture {
  PlanFixture() {
    Sql(stores.read_dsn(), R"(
      INSERT INTO read.tracking_events_read_model (
        tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
        event_timestamp, user_id, is_valid, properties, properties_bytes, correlation_id, created_at, batch_id)
      SELECT gen_random_uuid(), ')" +
                               partner.ToString() + "', 'Acme', '" + system.ToString() + R"(', 'web', i::text,
             'event ' || i % 20, '2026-11-01T00:00:00Z'::timestamptz + i * interval '1 minute',
             'user ' || i * 7919 % 2000, true, '{}', 2, 'c', '2026-11-15Z', 1
        FROM generate_series(1, 40000) AS i;
      ANALYZE read.tracking_events_read_model)");
  }

  /// How many rows the server touched, by its own counters; those are complete when the connection that asked has gone.
  int RowsTouchedBy(const ActionQuery& query, int expected) {
    Sql(stores.read_dsn(), "SELECT pg_stat_reset()");
    {
      AnalysisPool own({CompleteConnectionString(stores.read_dsn()).value(), 1}, log);
      PostgresBehaviourReader asked(own);
      int found = 0;
      const auto looked = asked.Look("test", partner, std::stop_token(), [&](application::BehaviourPicture& picture) {
        picture.EachAction(query, [&](const application::Action&) { return ++found > 0; });
        return domain::Result<domain::Done>(domain::Done{});
      });
      REQUIRE(looked.ok());
      CHECK(found == expected);
    }
    test::WaitUntil("the connection has gone", [&] {
      return Sql(stores.read_dsn(),
                 "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                 "AND backend_type = 'client backend'") == "0";
    });
    return std::stoi(Sql(stores.read_dsn(),
                         "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int "
                         "FROM pg_stat_user_tables WHERE relname LIKE 'events\\_20%'"));
  }
};

}  // namespace

TEST_SUITE("plans of analyses") {
  TEST_CASE_FIXTURE(PlanFixture,
                    "rare events, a short range and one person are found by an index, not among all rows") {
    ActionQuery query;
    query.systems = {system};
    CHECK(RowsTouchedBy(query, kRows) >= kRows);
    query.matches = {{"event 1"}, {"event 2"}};
    CHECK(RowsTouchedBy(query, 2 * kRows / kNames) <= 2 * kRows / kNames + 100);
    query.matches.clear();
    query.from = At("2026-11-01T00:00:00Z");
    query.to = At("2026-11-01T16:40:00Z");
    CHECK(RowsTouchedBy(query, 999) <= 1'100);
    query.from.reset();
    query.to.reset();
    query.person = "user 20";
    CHECK(RowsTouchedBy(query, kRows / kPeople) <= 100);
  }
}
