#include "Infrastructure/Postgres/Migrations.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using test::Sql;
using test::TestDatabase;

namespace {

const std::vector<Migration> kTwo = {
    {1, "make_table", "CREATE TABLE write.things (id integer PRIMARY KEY); INSERT INTO write.things VALUES (1);"},
    {2, "add_column", "ALTER TABLE write.things ADD COLUMN name text;"},
};

std::vector<Migration> With(std::vector<Migration> migrations, Migration more) {
  migrations.push_back(more);
  return migrations;
}

std::string Recorded(const TestDatabase& database) {
  return Sql(database.dsn(),
             "SELECT string_agg(number || ' ' || name, ', ' ORDER BY number) FROM write.schema_migrations");
}

void RequireMigrated(const TestDatabase& database, const std::vector<Migration>& migrations) {
  const auto report = Migrate(database.dsn(), "write", migrations);
  REQUIRE_MESSAGE(report.ok(), report.error().message);
}

domain::Error Refusal(const TestDatabase& database, const std::vector<Migration>& migrations) {
  const auto report = Migrate(database.dsn(), "write", migrations);
  REQUIRE(!report.ok());
  return report.error();
}

bool Mentions(const domain::Error& error, std::string_view piece) {
  return error.message.find(piece) != std::string::npos;
}

}  // namespace

TEST_SUITE("migrations") {
  TEST_CASE("both stores come up from an empty database") {
    TestDatabase database;
    const auto written = Migrate(database.dsn(), "write", WriteStoreMigrations());
    REQUIRE_MESSAGE(written.ok(), written.error().message);
    CHECK(written->applied.size() == WriteStoreMigrations().size());
    CHECK(written->applied.front() == "0001_write_store");
    CHECK(written->already == 0);
    const auto read = Migrate(database.dsn(), "read", ReadStoreMigrations());
    REQUIRE_MESSAGE(read.ok(), read.error().message);
    CHECK(read->applied.front() == "0001_read_store");
    CHECK(Sql(database.dsn(), "SELECT revision >= 1 FROM write.directory_revision") == "t");
    CHECK(Sql(database.dsn(), "SELECT position FROM read.freshness") == "0");
    CHECK(CheckMigrated(database.dsn(), "write", WriteStoreMigrations()).ok());
    CHECK(CheckMigrated(database.dsn(), "read", ReadStoreMigrations()).ok());
  }

  TEST_CASE("the registry keeps what partners, structures and events were there before it") {
    TestDatabase database;
    const auto before = [](std::span<const Migration> all, std::string_view name) {
      const auto end = std::find_if(all.begin(), all.end(), [&](const Migration& one) { return one.name == name; });
      REQUIRE(end != all.end());
      return std::vector<Migration>(all.begin(), end);
    };
    RequireMigrated(database, before(WriteStoreMigrations(), "registry"));
    REQUIRE(Migrate(database.dsn(), "read", before(ReadStoreMigrations(), "unknown_events")).ok());
    (void)Sql(database.dsn(), R"sql(
      INSERT INTO write.partners (partner_id, name, created_at) VALUES (gen_random_uuid(), 'Acme', '2026-11-20Z');
      INSERT INTO write.event_structures (structure_id, partner_id, event_name, version, schema, state, created_at)
      SELECT gen_random_uuid(), partner_id, 'purchase', version, '{ "a":1.0}', state, '2026-11-20Z'
        FROM write.partners, (VALUES (1, 'active'), (2, 'draft')) AS versions (version, state);
      CREATE TABLE read.events_2026_11 PARTITION OF read.tracking_events_read_model
        FOR VALUES FROM ('2026-11-01Z') TO ('2026-12-01Z');
      INSERT INTO read.tracking_events_read_model
             (tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
              event_timestamp, is_valid, schema_version, properties, properties_bytes, correlation_id, created_at,
              batch_id)
      SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'Acme', '00000000-0000-7000-8000-000000000002',
             'web', n, CASE WHEN n < 4 THEN 'click' ELSE 'purchase' END, now(), n > 3, CASE WHEN n > 3 THEN 1 END, '{}',
             2, 'c', timestamptz '2026-11-20Z' + n * interval '1 hour', n
        FROM generate_series(1, 9) AS n)sql");
    RequireMigrated(database, {WriteStoreMigrations().begin(), WriteStoreMigrations().end()});
    REQUIRE(Migrate(database.dsn(), "read", ReadStoreMigrations()).ok());
    CHECK(Sql(database.dsn(), "SELECT compatibility FROM write.partners") == "backward");
    CHECK(Sql(database.dsn(),
              "SELECT string_agg(concat_ws(' ', version, state, schema, revision, partner_system_id IS NULL, "
              "activated_at = created_at), ', ' ORDER BY version) FROM write.event_structures") ==
          R"(1 active { "a":1.0} 1 t t, 2 draft { "a":1.0} 1 t)");
    CHECK(Sql(database.dsn(),
              "SELECT string_agg(concat_ws(' ', event_name, events, last_seen - first_seen), ', ') "
              "FROM read.unknown_events") == "click 3 02:00:00");
    // The program before it knows nothing of systems: its versions stay unique.
    CHECK_THROWS(
        Sql(database.dsn(),
            "INSERT INTO write.event_structures (structure_id, partner_id, event_name, version, schema, state, "
            "created_at) SELECT gen_random_uuid(), partner_id, 'purchase', 1, '{}', 'active', now() "
            "FROM write.partners"));
  }

  TEST_CASE("what was applied is not applied again") {
    TestDatabase database;
    RequireMigrated(database, kTwo);
    const auto again = Migrate(database.dsn(), "write", kTwo);
    REQUIRE(again.ok());
    CHECK(again->applied.empty());
    CHECK(again->already == 2);
    CHECK(Sql(database.dsn(), "SELECT count(*) FROM write.things") == "1");
    CHECK(Recorded(database) == "1 make_table, 2 add_column");
  }

  TEST_CASE("only what is new is applied") {
    TestDatabase database;
    RequireMigrated(database, kTwo);
    const auto report =
        Migrate(database.dsn(), "write", With(kTwo, {3, "fill", "INSERT INTO write.things VALUES (2, 'b')"}));
    REQUIRE(report.ok());
    CHECK(report->applied == std::vector<std::string>{"0003_fill"});
    CHECK(report->already == 2);
  }

  TEST_CASE("each step is announced") {
    TestDatabase database;
    std::vector<std::string> steps;
    REQUIRE(Migrate(database.dsn(), "write", kTwo, [&](std::string_view step) { steps.emplace_back(step); }).ok());
    CHECK(steps == std::vector<std::string>{"Applying migration 0001_make_table to the write store",
                                            "Applying migration 0002_add_column to the write store"});
  }

  TEST_CASE("runners that start at the same time apply each migration once") {
    TestDatabase database;
    std::atomic<std::size_t> applied = 0;
    std::atomic<int> succeeded = 0;
    {
      std::vector<std::jthread> runners;
      for (int i = 0; i < 4; ++i) {
        runners.emplace_back([&] {
          const auto report = Migrate(database.dsn(), "write", WriteStoreMigrations());
          if (report) {
            ++succeeded;
            applied += report->applied.size();
          }
        });
      }
    }
    CHECK(succeeded == 4);
    CHECK(applied == WriteStoreMigrations().size());
  }

  TEST_CASE("a runner that finds another one at work says so and waits") {
    TestDatabase database;
    std::atomic<bool> second_got_somewhere = false;
    std::atomic<bool> second_said_so = false;
    std::atomic<bool> second_found_all = false;
    std::jthread second;
    // The first runner is stopped in its first step until the second one has said that it waits.
    const auto report = Migrate(database.dsn(), "write", kTwo, [&](std::string_view) {
      if (second.joinable()) return;
      second = std::jthread([&] {
        const auto other = Migrate(database.dsn(), "write", kTwo, [&](std::string_view step) {
          if (step == "Another process is migrating the write store; waiting for it") {
            second_said_so = true;
            second_got_somewhere = true;
            second_got_somewhere.notify_all();
          }
        });
        second_found_all = other.ok() && other->already == 2;
        second_got_somewhere = true;
        second_got_somewhere.notify_all();
      });
      second_got_somewhere.wait(false);
    });
    REQUIRE(report.ok());
    CHECK(report->applied.size() == 2);
    second.join();
    CHECK(second_said_so);
    CHECK(second_found_all);
  }

  TEST_CASE("a migration that fails leaves nothing, not even those after it") {
    TestDatabase database;
    const auto three = With(With(kTwo, {3, "broken", "CREATE TABLE write.half (id integer); SELECT 1 / 0;"}),
                            {4, "after", "CREATE TABLE write.after (id integer);"});
    const auto error = Refusal(database, three);
    CHECK(error.kind == domain::ErrorKind::kInternal);
    CHECK(Mentions(error, "0003_broken"));
    CHECK(Mentions(error, "division by zero"));
    CHECK(Recorded(database) == "1 make_table, 2 add_column");
    CHECK(Sql(database.dsn(), "SELECT to_regclass('write.half') IS NULL AND to_regclass('write.after') IS NULL") ==
          "t");
  }

  TEST_CASE("a first migration that fails leaves the database as it was") {
    TestDatabase database;
    (void)Refusal(database, {{1, "broken", "CREATE TABLE write.half (id integer); no SQL"}});
    CHECK(Sql(database.dsn(), "SELECT to_regnamespace('write') IS NULL") == "t");
  }

  TEST_CASE("a failed migration can be mended and applied") {
    TestDatabase database;
    (void)Refusal(database, With(kTwo, {3, "third", "no SQL"}));
    RequireMigrated(database, With(kTwo, {3, "third", "SELECT 1"}));
    CHECK(Recorded(database) == "1 make_table, 2 add_column, 3 third");
  }

  TEST_CASE("a file that was changed after it was applied is refused") {
    TestDatabase database;
    RequireMigrated(database, kTwo);
    auto changed = kTwo;
    changed[1].sql = "ALTER TABLE write.things ADD COLUMN name varchar;";
    const auto error = Refusal(database, With(changed, {3, "third", "CREATE TABLE write.third ()"}));
    CHECK(error.kind == domain::ErrorKind::kConflict);
    CHECK(Mentions(error, "db/write/0002_add_column.sql was changed"));
    CHECK(Mentions(error, "Restore the file"));
    CHECK(Sql(database.dsn(), "SELECT to_regclass('write.third') IS NULL") == "t");
    CHECK(!CheckMigrated(database.dsn(), "write", changed).ok());
  }

  TEST_CASE("a file that was renamed after it was applied is refused") {
    TestDatabase database;
    RequireMigrated(database, kTwo);
    auto renamed = kTwo;
    renamed[0].name = "make_things";
    CHECK(Mentions(Refusal(database, renamed), "as 0001_make_table"));
  }

  TEST_CASE("a file that is missing is refused") {
    TestDatabase database;
    RequireMigrated(database, kTwo);
    const auto error = Refusal(database, {kTwo[1]});
    CHECK(error.kind == domain::ErrorKind::kConflict);
    CHECK(Mentions(error, "0001_make_table"));
    CHECK(Mentions(error, "built without it"));
  }

  TEST_CASE("a migration that comes before one that was applied is refused") {
    TestDatabase database;
    RequireMigrated(database, {kTwo[0], {3, "third", "SELECT 1"}});
    const auto error = Refusal(database, With(kTwo, {3, "third", "SELECT 1"}));
    CHECK(error.kind == domain::ErrorKind::kConflict);
    CHECK(Mentions(error, "0002_add_column"));
  }

  TEST_CASE("a database that is newer than the program is refused") {
    TestDatabase database;
    RequireMigrated(database, kTwo);
    const auto error = Refusal(database, {kTwo[0]});
    CHECK(error.kind == domain::ErrorKind::kConflict);
    CHECK(Mentions(error, "newer"));
    CHECK(Mentions(error, "0002_add_column"));
    CHECK(CheckMigrated(database.dsn(), "write", std::vector{kTwo[0]}).error().kind == domain::ErrorKind::kConflict);
  }

  TEST_CASE("a store that lacks migrations is told from one that is up to date") {
    TestDatabase database;
    const auto empty = CheckMigrated(database.dsn(), "write", kTwo);
    REQUIRE(!empty.ok());
    CHECK(empty.error().kind == domain::ErrorKind::kUnavailable);
    CHECK(Mentions(empty.error(), "lacks 2 of 2 migrations"));
    RequireMigrated(database, {kTwo[0]});
    CHECK(Mentions(CheckMigrated(database.dsn(), "write", kTwo).error(), "lacks 1 of 2 migrations"));
    RequireMigrated(database, kTwo);
    CHECK(CheckMigrated(database.dsn(), "write", kTwo).ok());
  }

  TEST_CASE("a server that cannot be reached is unavailable, with PostgreSQL's reason") {
    TestDatabase database;
    const auto nowhere = database.dsn() + " dbname=nowhere";
    for (const auto& error : {Migrate(nowhere, "write", kTwo).error(), CheckMigrated(nowhere, "write", kTwo).error()}) {
      CHECK(error.kind == domain::ErrorKind::kUnavailable);
      CHECK(Mentions(error, "\"nowhere\" does not exist"));
    }
  }

  TEST_CASE("time-outs of the connection do not end a migration") {
    TestDatabase database;
    const auto hasty = database.dsn() + " options='-c statement_timeout=20'";
    CHECK(Migrate(hasty, "write", std::vector<Migration>{{1, "slow", "SELECT pg_sleep(0.1)"}}).ok());
  }
}
