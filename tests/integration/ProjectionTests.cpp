#include "Application/Projections/ProjectBatches.h"
#include "Infrastructure/Postgres/PostgresOutbox.h"
#include "Infrastructure/Postgres/PostgresReadModel.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "Sync/SyncWorker.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/RollUps.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using test::Sql;
using test::TestStores;

namespace {

/// Stops the worker like a crash: nothing behind the step runs, and its connections close without a word.
struct Crash : std::runtime_error {
  Crash() : std::runtime_error("crash") {}
};

/// A worker with its connections.
struct WorkerUnderTest {
  explicit WorkerUnderTest(const TestStores& stores, StepObserver observer = {}, sync::SyncSettings settings = {})
      : outbox({stores.write_dsn()}, observer),
        read_model(stores.read_dsn(), observer),
        worker(outbox, read_model, metrics, log, settings, observer) {}

  void RunUntilIdle() {
    while (true) {
      const auto projected = worker.RunOnce();
      REQUIRE_MESSAGE(projected.ok(), projected.error().message);
      if (*projected == 0) return;
    }
  }

  test::RecordedLog log;
  infrastructure::PrometheusMetrics metrics{"test"};
  infrastructure::PostgresOutbox outbox;
  infrastructure::PostgresReadModel read_model;
  sync::SyncWorker worker;
};

/// A write store with one partner and system, to which batches are added by SQL.
struct Stores : TestStores {
  Stores() {
    (void)Write(R"sql(
      INSERT INTO write.partners VALUES ('00000000-0000-0000-0000-00000000000a', 'Partner', true, now());
      INSERT INTO write.partner_systems VALUES
        ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', 'web', 'flag', true, now()))sql");
  }

  std::string Write(const std::string& sql) const { return Sql(write_dsn(), sql); }
  std::string Read(const std::string& sql) const { return Sql(read_dsn(), sql); }

  /// Batches of `events` events each, alternately valid, in hours of 2026.
  void AddBatches(int batches, int events, const std::string& name = "e") const {
    (void)Write(
        R"sql(
      WITH added AS (
        INSERT INTO write.batches (batch_id, event_count, byte_count)
        SELECT nextval('write.batch_ids'), )sql" +
        std::to_string(events) + ", 10 FROM generate_series(1, " + std::to_string(batches) +
        R"sql() RETURNING batch_id, event_count
      ), outboxed AS (
        INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, event_count, 10 FROM added
      )
      INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
        event_timestamp, user_id, is_valid, schema_version, validation_errors, properties, correlation_id, created_at)
      SELECT batch_id, ordinal, gen_random_uuid(), '00000000-0000-0000-0000-000000000001', batch_id || '/' || ordinal, ')sql" +
        name + R"sql(', '2026-11-20T10:00:00Z'::timestamptz + ordinal * interval '25 minutes', 'u' || ordinal % 3,
        ordinal % 2 = 0, nullif(ordinal % 3, 0), CASE WHEN ordinal % 2 = 1 THEN '[{"pointer":"","keyword":"k","message":"m"}]'::json END,
        '{"n":1,"n":"\u0000"}', 'c', '2026-11-20T10:00:00Z'
      FROM added, generate_series(0, )sql" +
        std::to_string(events - 1) + ") AS ordinal");
  }

  /// Every stored event is in the read model once, and both ledgers and the roll-up agree.
  void CheckProjected() const {
    const auto stored = Write("SELECT count(*), count(DISTINCT tracking_event_id) FROM write.tracking_events");
    CHECK(Read("SELECT count(*) FROM read.tracking_events_read_model") == stored);
    CHECK(Read("SELECT count(DISTINCT tracking_event_id) FROM read.tracking_events_read_model") == stored);
    CHECK(test::RolledUp(read_dsn()) == test::CountedIn(read_dsn(), "read.tracking_events_read_model"));
    CHECK(Read(R"sql(
      SELECT count(*) FROM (
        SELECT partner_id, event_name, partner_system_id, count(*), min(created_at), max(created_at)
        FROM read.tracking_events_read_model WHERE schema_version IS NULL GROUP BY 1, 2, 3
        EXCEPT SELECT partner_id, event_name, partner_system_id, events, first_seen, last_seen FROM read.unknown_events)
        AS differences)sql") == "0");
    CHECK(Read("SELECT coalesce(sum(events), 0) FROM read.unknown_events") ==
          Write("SELECT count(*) FROM write.tracking_events WHERE schema_version IS NULL"));
    CHECK(Read("SELECT coalesce(sum(event_count), 0) FROM read.projected_batches") ==
          Write("SELECT coalesce(sum(event_count), 0) FROM write.batches"));
    CHECK(Write("SELECT count(*) FROM write.outbox") == "0");
  }
};

}  // namespace

TEST_SUITE("projection") {
  TEST_CASE("each claim counts one change of each day that it has events of, and a repetition none") {
    const Stores stores;
    const auto changes = [&] {
      return stores.Read(
          "SELECT string_agg(partner_id || ' ' || day || ' ' || changes, ', ' ORDER BY day) FROM read.changed_days");
    };
    stores.AddBatches(2, 50);  // 50 events, 25 minutes apart: of two days
    WorkerUnderTest(stores).RunUntilIdle();
    const std::string partner = "00000000-0000-0000-0000-00000000000a ";
    CHECK(changes() == partner + "2026-11-20 1, " + partner + "2026-11-21 1");
    (void)stores.Write(
        "INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, event_count, 10 FROM "
        "write.batches");
    WorkerUnderTest(stores).RunUntilIdle();
    CHECK(changes() == partner + "2026-11-20 1, " + partner + "2026-11-21 1");
    stores.AddBatches(1, 1);
    WorkerUnderTest(stores).RunUntilIdle();
    CHECK(changes() == partner + "2026-11-20 2, " + partner + "2026-11-21 1");
  }

  TEST_CASE("every column reaches the read model, properties with every byte") {
    const Stores stores;
    stores.AddBatches(1, 2);
    WorkerUnderTest(stores).RunUntilIdle();
    stores.CheckProjected();
    CHECK(stores.Read("SELECT properties::text FROM read.tracking_events_read_model LIMIT 1") ==
          R"({"n":1,"n":"\u0000"})");
    CHECK(
        stores.Read("SELECT partner_name || '/' || partner_system_name FROM read.tracking_events_read_model LIMIT 1") ==
        "Partner/web");
    CHECK(stores.Read(
              "SELECT validation_errors->0->>'keyword' FROM read.tracking_events_read_model WHERE NOT is_valid") ==
          "k");
    CHECK(stores.Read("SELECT user_id FROM read.tracking_events_read_model WHERE NOT is_valid") == "u1");
    CHECK(stores.Read("SELECT anonymous_id IS NULL FROM read.tracking_events_read_model LIMIT 1") == "t");
  }

  TEST_CASE("unjudged events are projected as such, and counted") {
    const Stores stores;
    stores.AddBatches(1, 4);
    (void)stores.Write("UPDATE write.tracking_events SET is_unjudged = true WHERE ordinal = 1");
    WorkerUnderTest(stores).RunUntilIdle();
    stores.AddBatches(2, 2);
    (void)stores.Write("UPDATE write.tracking_events SET is_unjudged = true WHERE ordinal = 1");
    WorkerUnderTest(stores).RunUntilIdle();
    stores.CheckProjected();
    CHECK(stores.Read("SELECT count(*) FROM read.tracking_events_read_model WHERE is_unjudged AND NOT is_valid") ==
          "3");
  }

  TEST_CASE("a crash at any step projects every event exactly once") {
    for (const std::string step :
         {"claimed", "before read commit", "after read commit", "before write commit", "after write commit"}) {
      CAPTURE(step);
      const Stores stores;
      stores.AddBatches(7, 5);
      int crashes = 0;
      // Every new worker dies at this step twice, then they are let go on.
      for (int attempt = 0; attempt < 3; ++attempt) {
        WorkerUnderTest worker(stores, [&](std::string_view reached) {
          if (reached != step || crashes == 2) return;
          ++crashes;
          throw Crash();
        });
        try {
          worker.RunUntilIdle();
        } catch (const Crash&) {
        }
        stores.AddBatches(1, 3);
      }
      CHECK(crashes == 2);
      WorkerUnderTest(stores).RunUntilIdle();
      stores.CheckProjected();
    }
  }

  TEST_CASE("several workers share the queue without projecting anything twice") {
    const Stores stores;
    stores.AddBatches(300, 4);
    std::atomic<bool> more = true;
    std::vector<std::thread> workers;
    std::atomic<int> failures = 0;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&] {
        infrastructure::PostgresOutbox outbox({stores.write_dsn()});
        infrastructure::PostgresReadModel read_model(stores.read_dsn());
        test::RecordedLog log;
        infrastructure::PrometheusMetrics metrics("test");
        sync::SyncWorker worker(outbox, read_model, metrics, log, {.max_claim_batches = 10});
        while (true) {
          const bool last_round = !more;
          const auto projected = worker.RunOnce();
          if (!projected) ++failures;
          if (last_round && projected && *projected == 0) return;
        }
      });
    }
    for (int i = 0; i < 20; ++i) stores.AddBatches(10, 4);
    more = false;
    for (auto& worker : workers) worker.join();
    CHECK(failures == 0);
    stores.CheckProjected();
  }

  TEST_CASE("a worker leaves the batches that it does not take to the others") {
    const Stores stores;
    stores.AddBatches(3, 2);
    infrastructure::PostgresOutbox one({stores.write_dsn(), 2}), other({stores.write_dsn(), 2});
    const auto first = one.Claim(500), second = other.Claim(500);
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    REQUIRE((*first)->batches().size() == 1);
    REQUIRE((*second)->batches().size() == 1);
    CHECK((*first)->batches().front().id == 1);
    CHECK((*second)->batches().front().id == 2);
  }

  TEST_CASE("a claim is as large as its limits allow, whatever the sizes of its batches") {
    const Stores stores;
    stores.AddBatches(1, 2);
    stores.AddBatches(30, 1);
    stores.AddBatches(3, 5);
    const auto sizes = [&](std::int64_t events, std::int64_t bytes, int batches) {
      infrastructure::PostgresOutbox outbox({stores.write_dsn(), events, bytes});
      const auto claim = outbox.Claim(batches);
      REQUIRE(claim.ok());
      return (*claim)->batches().size();
    };
    CHECK(sizes(1, 1'000'000, 500) == 1);  // one is taken whatever its size
    CHECK(sizes(12, 1'000'000, 500) == 11);
    CHECK(sizes(32, 1'000'000, 500) == 31);
    CHECK(sizes(36, 1'000'000, 500) == 31);
    CHECK(sizes(37, 1'000'000, 500) == 32);
    CHECK(sizes(1'000, 1'000'000, 500) == 34);
    CHECK(sizes(1'000, 70, 500) == 7);  // of 10 bytes each
    CHECK(sizes(1'000, 1'000'000, 9) == 9);
  }

  TEST_CASE("a batch that commits late, behind others with higher numbers, is projected too") {
    const Stores stores;
    infrastructure::PqConnection late(stores.write_dsn());
    (void)late.Execute(R"sql(
      BEGIN;
      INSERT INTO write.batches (batch_id, event_count, byte_count) VALUES (nextval('write.batch_ids'), 1, 2);
      INSERT INTO write.outbox (batch_id, event_count, byte_count) VALUES (currval('write.batch_ids'), 1, 2);
      INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
        event_timestamp, is_valid, properties, correlation_id, created_at)
      VALUES (currval('write.batch_ids'), 0, gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'late', 'e', now(),
        true, '{}', 'c', now()))sql");
    stores.AddBatches(3, 2);
    WorkerUnderTest worker(stores);
    worker.RunUntilIdle();
    CHECK(stores.Read("SELECT count(*) FROM read.tracking_events_read_model") == "6");
    (void)late.Execute("COMMIT");
    worker.RunUntilIdle();
    CHECK(stores.Read("SELECT count(*) FROM read.tracking_events_read_model WHERE event_id = 'late'") == "1");
    stores.CheckProjected();
  }

  TEST_CASE("a batch that cannot be projected is set aside with its reason and blocks nobody") {
    const Stores stores;
    stores.AddBatches(3, 2);
    stores.AddBatches(1, 2, "poison");
    stores.AddBatches(3, 2);
    (void)stores.Read(
        "ALTER TABLE read.tracking_events_read_model ADD CONSTRAINT no_poison CHECK (event_name <> 'poison')");
    WorkerUnderTest worker(stores);
    worker.RunUntilIdle();
    CHECK(stores.Read("SELECT count(*) FROM read.tracking_events_read_model") == "12");
    CHECK(stores.Write("SELECT batch_id FROM write.set_aside_batches WHERE reason LIKE '%no_poison%'") == "4");
    CHECK(stores.Write("SELECT count(*) FROM write.outbox") == "0");
    CHECK(worker.log.Count("set aside") == 1);
    CHECK(worker.outbox.Lag()->set_aside_batches == 1);
    CHECK(worker.metrics.Expose().find("volcanion_set_aside_total 1") != std::string::npos);

    (void)stores.Read("ALTER TABLE read.tracking_events_read_model DROP CONSTRAINT no_poison");
    CHECK(*worker.outbox.RetrySetAside() == 1);
    worker.RunUntilIdle();
    stores.CheckProjected();
  }

  TEST_CASE("while the read store is away nothing is set aside and nothing is lost") {
    const Stores stores;
    stores.AddBatches(2, 2);
    infrastructure::PostgresOutbox outbox({stores.write_dsn()});
    infrastructure::PostgresReadModel nowhere("host=/nowhere connect_timeout=2");
    test::RecordedLog log;
    infrastructure::PrometheusMetrics metrics("test");
    sync::SyncWorker worker(outbox, nowhere, metrics, log, {});
    CHECK_FALSE(worker.RunOnce().ok());
    CHECK(stores.Write("SELECT count(*) FROM write.outbox") == "2");
    CHECK(stores.Write("SELECT count(*) FROM write.set_aside_batches") == "0");
    WorkerUnderTest(stores).RunUntilIdle();
    stores.CheckProjected();
  }

  TEST_CASE("a worker whose connections are cut goes on with new ones") {
    const Stores stores;
    WorkerUnderTest worker(stores);
    worker.RunUntilIdle();
    for (const auto* dsn : {&stores.write_dsn(), &stores.read_dsn()}) {
      (void)Sql(*dsn,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
                "pg_backend_pid()");
    }
    stores.AddBatches(2, 2);
    test::WaitUntil("the worker has found its way back", [&] {
      (void)worker.worker.RunOnce();
      return stores.Write("SELECT count(*) FROM write.outbox") == "0";
    });
    stores.CheckProjected();
  }

  TEST_CASE("freshness says what the read store reflects, and never goes back") {
    const Stores stores;
    stores.AddBatches(3, 1);
    infrastructure::PostgresOutbox outbox({stores.write_dsn()});
    infrastructure::PostgresReadModel read_model(stores.read_dsn());
    const auto oldest_left = stores.Write("SELECT created_at FROM write.outbox WHERE batch_id = 3");
    {
      auto claim = outbox.Claim(2);
      REQUIRE(claim.ok());
      CHECK((*claim)->freshness().position == 2);
      REQUIRE(read_model.Apply((*claim)->batches(), (*claim)->freshness(), ProjectBatches).ok());
      REQUIRE((*claim)->Complete().ok());
    }
    CHECK(stores.Read("SELECT position FROM read.freshness") == "2");
    CHECK(stores.Read("SELECT instant FROM read.freshness") == oldest_left);
    WorkerUnderTest worker(stores);
    worker.RunUntilIdle();
    CHECK(stores.Read("SELECT position FROM read.freshness") == "3");
    CHECK(stores.Read("SELECT instant > now() - interval '1 minute' FROM read.freshness") == "t");
    REQUIRE(read_model.NoteFreshness({1, domain::ParseRfc3339("2020-01-01T00:00:00Z")}).ok());
    CHECK(stores.Read("SELECT position || ' ' || (instant > '2026-01-01') FROM read.freshness") == "3 true");
  }

  TEST_CASE("events of a new month get their partition, also when two workers meet it together") {
    const Stores stores;
    stores.AddBatches(40, 1);
    (void)stores.Write(
        "UPDATE write.tracking_events SET created_at = '2027-01-01T00:00:00Z'::timestamptz + (batch_id % 14) * "
        "interval '1 month'");
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        infrastructure::PostgresOutbox outbox({stores.write_dsn()});
        infrastructure::PostgresReadModel read_model(stores.read_dsn());
        test::RecordedLog log;
        infrastructure::PrometheusMetrics metrics("test");
        sync::SyncWorker worker(outbox, read_model, metrics, log, {.max_claim_batches = 3});
        while (Sql(stores.write_dsn(), "SELECT count(*) FROM write.outbox") != "0") (void)worker.RunOnce();
      });
    }
    for (auto& thread : threads) thread.join();
    stores.CheckProjected();
    CHECK(
        stores.Read("SELECT count(*) FROM pg_inherits WHERE inhparent = 'read.tracking_events_read_model'::regclass") ==
        "14");
  }

  TEST_CASE("a batch whose events cannot all be read is set aside, not counted as projected") {
    const Stores stores;
    stores.AddBatches(3, 2);
    (void)stores.Write(
        "UPDATE write.tracking_events SET partner_system_id = gen_random_uuid() WHERE batch_id = 2 AND ordinal = 0");
    WorkerUnderTest worker(stores);
    worker.RunUntilIdle();
    CHECK(stores.Write("SELECT batch_id FROM write.set_aside_batches WHERE reason LIKE 'only 1 of its 2 events%'") ==
          "2");
    CHECK(stores.Read("SELECT string_agg(batch_id::text, ',' ORDER BY batch_id) FROM read.projected_batches") == "1,3");
    CHECK(stores.Read("SELECT count(*) FROM read.tracking_events_read_model") == "4");
  }

  TEST_CASE("what fails together is tried in smaller claims, so that it blocks nobody for long") {
    const Stores stores;
    stores.AddBatches(40, 2);
    // Together they are too much for this server; up to three batches pass.
    (void)stores.Read(R"sql(
      CREATE FUNCTION read.too_many() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF (SELECT count(*) FROM added) > 6 THEN RAISE EXCEPTION 'out of memory' USING ERRCODE = '53200'; END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER too_many AFTER INSERT ON read.tracking_events_read_model REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION read.too_many())sql");
    // Short pauses: they grow with each attempt.
    WorkerUnderTest worker(stores, {}, {.max_claim_batches = 40, .poll_interval = std::chrono::milliseconds(1)});
    {
      std::jthread thread([&](std::stop_token stop) { worker.worker.Run(stop); });
      test::WaitUntil("all is projected", [&] { return stores.Write("SELECT count(*) FROM write.outbox") == "0"; });
    }
    stores.CheckProjected();
    CHECK(stores.Write("SELECT count(*) FROM write.set_aside_batches") == "0");
  }

  TEST_CASE("the position never claims a batch that is still to be committed") {
    const Stores stores;
    infrastructure::PqConnection late(stores.write_dsn());
    (void)late.Execute(R"sql(
      BEGIN;
      INSERT INTO write.batches (batch_id, event_count, byte_count)
      SELECT (SELECT nextval('write.batch_ids') FROM pg_current_xact_id()), 1, 2;
      INSERT INTO write.outbox (batch_id, event_count, byte_count) VALUES (currval('write.batch_ids'), 1, 2);
      INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
        event_timestamp, is_valid, properties, correlation_id, created_at)
      VALUES (currval('write.batch_ids'), 0, gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'late', 'e',
        now(), true, '{}', 'c', now()))sql");
    stores.AddBatches(2, 1);  // numbers 2 and 3, committed before 1
    infrastructure::PostgresOutbox outbox({stores.write_dsn()});
    const auto position = [&] { return outbox.Claim(500).value()->freshness().position; };
    CHECK(position() == 0);
    CHECK(position() == 0);
    (void)late.Execute("COMMIT");
    CHECK(position() == 3);
  }

  TEST_CASE("the position never claims a batch whose transaction began behind that of a higher one") {
    const Stores stores;
    infrastructure::PqConnection early(stores.write_dsn()), late(stores.write_dsn());
    (void)early.Execute("BEGIN; SELECT pg_current_xact_id()");  // as who counts duplicates has it, or judges again
    constexpr char kAddBatch[] = R"sql(
      INSERT INTO write.batches (batch_id, event_count, byte_count)
      SELECT (SELECT nextval('write.batch_ids') FROM pg_current_xact_id()), 1, 2;
      INSERT INTO write.outbox (batch_id, event_count, byte_count) VALUES (currval('write.batch_ids'), 1, 2))sql";
    (void)late.Execute("BEGIN");
    (void)late.Execute(kAddBatch);   // 1
    (void)early.Execute(kAddBatch);  // 2
    (void)early.Execute("COMMIT");
    infrastructure::PostgresOutbox outbox({stores.write_dsn()});
    const auto position = [&] { return outbox.Claim(500).value()->freshness().position; };
    CHECK(position() == 0);
    CHECK(position() == 0);
    (void)late.Execute("COMMIT");
    CHECK(position() == 2);
  }

  TEST_CASE("lag is measured while the projection fails, and has no value before it was measured") {
    const Stores stores;
    WorkerUnderTest worker(stores);
    CHECK(worker.metrics.Expose().find("\nvolcanion_outbox_pending_batches ") == std::string::npos);
    (void)stores.Read("ALTER TABLE read.projected_batches RENAME TO elsewhere");
    stores.AddBatches(3, 1);
    std::jthread thread([&](std::stop_token stop) { worker.worker.Run(stop); });
    test::WaitUntil("the metric tells of them", [&] {
      return worker.metrics.Expose().find("\nvolcanion_outbox_pending_batches 3") != std::string::npos;
    });
  }

  TEST_CASE("what the read store says of a row stays out of log and reason") {
    const Stores stores;
    stores.AddBatches(1, 1, "secret-name");
    (void)stores.Read(
        "ALTER TABLE read.tracking_events_read_model ADD CONSTRAINT nothing CHECK (event_name <> 'secret-name')");
    WorkerUnderTest worker(stores);
    worker.RunUntilIdle();
    CHECK(stores.Write("SELECT count(*) FROM write.set_aside_batches WHERE reason LIKE '%nothing%'") == "1");
    CHECK(stores.Write("SELECT count(*) FROM write.set_aside_batches WHERE reason LIKE '%secret-name%'") == "0");
    CHECK(worker.log.Count("secret-name") == 0);
  }

  TEST_CASE("a worker that waits for a store can be interrupted") {
    const Stores stores;
    stores.AddBatches(1, 1);
    WorkerUnderTest worker(stores);
    infrastructure::PqConnection blocker(stores.read_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE read.projected_batches IN ACCESS EXCLUSIVE MODE");
    std::jthread thread([&](std::stop_token stop) { worker.worker.Run(stop); });
    test::WaitUntil("the worker waits for the lock", [&] {
      return stores.Read(
                 "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'read.projected_batches'::regclass") ==
             "1";
    });
    thread.request_stop();
    worker.read_model.Interrupt();
    thread.join();
    (void)blocker.Execute("COMMIT");
    WorkerUnderTest(stores).RunUntilIdle();
    stores.CheckProjected();
  }
}
