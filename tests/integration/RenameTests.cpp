#include "Infrastructure/Postgres/PostgresOutbox.h"
#include "Infrastructure/Postgres/PostgresReadModel.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "Sync/SyncWorker.h"
#include "tests/integration/StoreFixture.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using test::Sql;
using test::StoreFixture;

namespace {

/// Stops the worker like a crash: nothing behind the step runs, and its connections close without a word.
struct Crash : std::runtime_error {
  Crash() : std::runtime_error("crash") {}
};

struct RenameFixture : StoreFixture {
  domain::PartnerId acme = StoredPartner("Acme");
  domain::PartnerSystemId web = StoredSystem(acme, "web");
  domain::PartnerSystemId app = StoredSystem(acme, "app");

  /// A batch of events of a system, in two months of receipt.
  void AddEvents(domain::PartnerSystemId system, int events) {
    Sql(stores.write_dsn(), R"sql(
      WITH added AS (
        INSERT INTO write.batches (batch_id, event_count, byte_count)
        SELECT nextval('write.batch_ids'), )sql" +
                                std::to_string(events) + R"sql(, 10 RETURNING batch_id, event_count
      ), outboxed AS (
        INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, event_count, 10 FROM added
      )
      INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
        event_timestamp, is_valid, properties, correlation_id, created_at)
      SELECT batch_id, ordinal, gen_random_uuid(), ')sql" +
                                system.ToString() + R"sql(', batch_id || '/' || ordinal, 'e',
        '2026-11-20T10:00:00Z'::timestamptz + ordinal / 3 * interval '1 second', true, '{}', 'c',
        '2026-10-20T10:00:00Z'::timestamptz + ordinal % 2 * interval '30 days'
      FROM added, generate_series(0, event_count - 1) AS ordinal)sql");
  }

  void Rename(domain::PartnerId id, const std::string& name) {
    const auto renamed = management.ChangePartner(id, [&](domain::Partner& partner) {
      REQUIRE(partner.Change({.name = name}).ok());
      return domain::Result<std::optional<AuditEntry>>(Entry(id));
    });
    REQUIRE_MESSAGE(renamed.ok(), renamed.error().message);
  }
  void Rename(domain::PartnerSystemId id, const std::string& name) {
    const auto renamed = management.ChangeSystem(acme, id, [&](domain::PartnerSystem& system) {
      REQUIRE(system.Change({.name = name}).ok());
      return domain::Result<std::optional<AuditEntry>>(Entry(acme));
    });
    REQUIRE_MESSAGE(renamed.ok(), renamed.error().message);
  }

  std::string Read(const std::string& sql) { return Sql(stores.read_dsn(), sql); }
  /// "Acme/web 3, ..." for each pair of names in the read store.
  std::string Names() {
    return Read(R"sql(
      SELECT coalesce(string_agg(names || ' ' || events, ', ' ORDER BY names), '') FROM (
        SELECT partner_name || '/' || partner_system_name AS names, count(*) AS events
        FROM read.tracking_events_read_model GROUP BY 1) AS counted)sql");
  }
  bool IsPending() { return Read("SELECT count(*) FROM read.system_names WHERE is_pending") != "0"; }
  std::string Waiting() { return Sql(stores.write_dsn(), "SELECT count(*) FROM write.outbox"); }
};

struct Worker {
  explicit Worker(const test::TestStores& stores, StepObserver observer = {})
      : outbox({stores.write_dsn()}, observer),
        read_model(stores.read_dsn(), observer),
        worker(outbox, read_model, metrics, log, {.report_interval = std::chrono::milliseconds(0)}, observer) {}

  /// Until the outbox is empty and all rows have their names.
  void Work(RenameFixture& fixture) {
    do {
      const auto projected = worker.RunOnce();
      REQUIRE_MESSAGE(projected.ok(), projected.error().message);
    } while (fixture.Waiting() != "0" || fixture.IsPending());
  }

  test::RecordedLog log;
  infrastructure::PrometheusMetrics metrics{"test"};
  infrastructure::PostgresOutbox outbox;
  infrastructure::PostgresReadModel read_model;
  sync::SyncWorker worker;
};

}  // namespace

TEST_SUITE("renames") {
  TEST_CASE_FIXTURE(RenameFixture,
                    "a system's new name reaches the events that were projected before, and no other's") {
    AddEvents(web, 7);
    AddEvents(app, 3);
    Worker worker(stores);
    worker.Work(*this);
    CHECK(Names() == "Acme/app 3, Acme/web 7");
    Rename(web, "website");
    AddEvents(web, 1);
    worker.Work(*this);
    CHECK(Names() == "Acme/app 3, Acme/website 8");
    CHECK(
        Sql(stores.write_dsn(), "SELECT string_agg(kind || rename_count, ',' ORDER BY batch_id) FROM write.batches") ==
        "events0,events0,rename1,events0");
    CHECK(Sql(stores.write_dsn(), "SELECT sum(event_count) FROM write.batches") ==
          Read("SELECT sum(event_count) FROM read.projected_batches"));
  }

  TEST_CASE_FIXTURE(RenameFixture,
                    "a partner's new name reaches the events of all its systems, in steps of 2,000 rows") {
    AddEvents(web, 4'500);
    AddEvents(app, 2'000);
    Worker worker(stores);
    worker.Work(*this);
    Rename(acme, "Ajax");
    int steps = 0;
    Worker renaming(stores, [&](std::string_view step) { steps += step == "before rename commit"; });
    renaming.Work(*this);
    CHECK(Names() == "Ajax/app 2000, Ajax/web 4500");
    CHECK(steps == 5);  // three of web; two of app, as the first was full
  }

  TEST_CASE_FIXTURE(RenameFixture, "a worker that dies at any step of a rename leaves nothing out") {
    for (const auto* fatal : {"claimed", "before read commit", "after read commit", "before write commit",
                              "after write commit", "before rename commit"}) {
      CAPTURE(fatal);
      const std::string name = std::string("died ") + fatal;
      AddEvents(web, 2'100);
      Worker(stores).Work(*this);
      Rename(web, name);
      bool died = false;
      Worker doomed(stores, [&](std::string_view step) {
        if (step == fatal && !std::exchange(died, true)) throw Crash();
      });
      CHECK_THROWS_AS((void)doomed.worker.RunOnce(), Crash);
      Worker(stores).Work(*this);
      CHECK(Names() == "Acme/" + name + " " + Read("SELECT count(*) FROM read.tracking_events_read_model"));
    }
  }

  TEST_CASE_FIXTURE(RenameFixture, "an older name that arrives later replaces no newer one") {
    AddEvents(web, 3);
    Worker worker(stores);
    worker.Work(*this);
    Rename(web, "second");
    const auto held = Sql(stores.write_dsn(), "DELETE FROM write.outbox RETURNING batch_id");
    Rename(acme, "Ajax");
    Rename(web, "third");
    worker.Work(*this);
    CHECK(Names() == "Ajax/third 3");
    Sql(stores.write_dsn(), "INSERT INTO write.outbox (batch_id, event_count, byte_count) VALUES (" + held + ", 1, 1)");
    worker.Work(*this);
    CHECK(Names() == "Ajax/third 3");
  }

  TEST_CASE_FIXTURE(RenameFixture, "events that were read before a rename and are written after it get the new name") {
    AddEvents(web, 5);
    Worker renaming(stores);
    Worker slow(stores, [&, once = false](std::string_view step) mutable {
      if (step != "claimed" || std::exchange(once, true)) return;  // it has read the events, with their names
      Rename(web, "website");
      REQUIRE(renaming.worker.RunOnce().ok());
      while (IsPending()) REQUIRE(renaming.worker.RunOnce().ok());
    });
    slow.Work(*this);
    CHECK(Names() == "Acme/website 5");
  }

  TEST_CASE_FIXTURE(RenameFixture, "several workers rename while events arrive, and all rows end with the last names") {
    AddEvents(web, 3'000);
    Worker(stores).Work(*this);
    std::atomic<bool> done = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        Worker worker(stores);
        while (!done) (void)worker.worker.RunOnce();
      });
    }
    for (int i = 0; i < 10; ++i) {
      AddEvents(web, 50);
      Rename(web, "web " + std::to_string(i));
      if (i % 3 == 0) Rename(acme, "Acme " + std::to_string(i));
      AddEvents(app, 50);
    }
    done = true;
    for (auto& thread : threads) thread.join();
    Worker(stores).Work(*this);
    CHECK(Names() == "Acme 9/app 500, Acme 9/web 9 3500");
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.set_aside_batches") == "0");
  }

  TEST_CASE_FIXTURE(RenameFixture, "a partner without systems is renamed without a batch") {
    const auto lonely = StoredPartner("Lonely");
    Rename(lonely, "Less so");
    CHECK(Waiting() == "0");
    CHECK(management.GetPartner(lonely)->name() == "Less so");
  }
}
