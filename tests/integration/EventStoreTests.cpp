#include "tests/integration/EventStoreFixture.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using infrastructure::GroupCommitEventStore;
using infrastructure::GroupCommitSettings;
using test::List;
using test::StoreUnderTest;
using test::System;
using test::WaitUntil;
using Status = AppendResult::Status;

TEST_SUITE("event store") {
  TEST_CASE("an event is stored with its verdict, its ledger entry and its place in the outbox") {
    StoreUnderTest test;
    const auto result = test.StoreOne(test.Event("e1", R"({ "a" : 1.0, "a":"\u0000" })"));
    CHECK(result.status == Status::kStored);
    CHECK(result.position > 0);
    CHECK(result.verdict.violations.size() == 1);
    CHECK(test.Ask("SELECT properties::text FROM write.tracking_events") == R"({ "a" : 1.0, "a":"\u0000" })");
    CHECK(test.Ask("SELECT validation_errors->0->>'pointer' FROM write.tracking_events") == "/a");
    CHECK(test.Ask("SELECT schema_version FROM write.tracking_events WHERE NOT is_valid") == "3");
    CHECK(test.Ask("SELECT event_count FROM write.batches") == "1");
    CHECK(test.Ask("SELECT batch_id FROM write.outbox") == std::to_string(result.position));
  }

  TEST_CASE("nothing is answered before PostgreSQL has committed") {
    StoreUnderTest test({.committers = 1});
    CHECK(test.StoreOne(test.Event("e0")).status == Status::kStored);  // and its statements are prepared
    infrastructure::PqConnection blocker(test.stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.outbox IN ACCESS EXCLUSIVE MODE");
    auto pending = test.Begin(List(test.Event("e1")));
    // The committer is as far as it gets: it waits for the lock, one statement before COMMIT.
    WaitUntil("the committer waits for the lock", [&] {
      return test.Ask("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'write.outbox'::regclass") == "1";
    });
    CHECK(pending.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "1");
    (void)blocker.Execute("COMMIT");
    CHECK(pending.get().ok());
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "2");
  }

  TEST_CASE("what arrives during a commit is committed together") {
    StoreUnderTest test({.committers = 1, .max_wait = std::chrono::minutes(1)});
    infrastructure::PqConnection blocker(test.stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.outbox IN ACCESS EXCLUSIVE MODE");
    auto first = test.Begin(List(test.Event("e0")));
    WaitUntil("the committer waits for the lock", [&] {
      return test.Ask("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'write.outbox'::regclass") == "1";
    });
    std::vector<std::future<domain::Result<Appended>>> waiting;
    for (int i = 1; i <= 100; ++i) waiting.push_back(test.Begin(List(test.Event("e" + std::to_string(i)))));
    (void)blocker.Execute("COMMIT");
    for (auto& future : waiting) CHECK(future.get().ok());
    CHECK(test.Ask("SELECT count(*) FROM write.batches") == "2");
    CHECK(test.Ask("SELECT max(event_count) FROM write.batches") == "100");
  }

  TEST_CASE("an event sent twice is stored once, and the first verdict is repeated") {
    StoreUnderTest test;
    const auto first = test.StoreOne(test.Event("e1"));
    auto again = test.Event("e1");
    again.Judge({}, 4);  // the structure has changed meanwhile
    const auto second = test.StoreOne(std::move(again));
    CHECK(second.status == Status::kDuplicate);
    CHECK(second.position == first.position);
    CHECK(second.verdict == first.verdict);
    CHECK(second.judged_by == 3);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "1");
    CHECK(test.Ask("SELECT count(*) FROM write.batches WHERE event_count > 0") == "1");
  }

  TEST_CASE("events that are sent again are counted by name and quarter of an hour, in a batch of their own") {
    StoreUnderTest test;
    (void)test.StoreOne(test.Event("e1"));
    CHECK(test.Ask("SELECT count(*) FROM write.outbox") == "1");
    (void)test.StoreOne(test.Event("e1"));
    (void)test.StoreOne(test.Event("e1"));
    CHECK(test.Ask("SELECT sum(duplicates) FROM write.duplicate_counts") == "2");
    CHECK(test.Ask("SELECT count(*) FROM write.duplicate_counts AS counts JOIN write.batches USING (batch_id) JOIN "
                   "write.outbox USING (batch_id) WHERE kind = 'duplicates' AND batches.duplicate_count = 1 AND "
                   "outbox.event_count = 1 AND extract(epoch FROM quarter)::int % 900 = 0") == "2");
    (void)test.StoreOne(test.Event("e2"));
    CHECK(test.Ask("SELECT count(*) FROM write.batches WHERE kind = 'duplicates'") == "2");
  }

  TEST_CASE("an unjudged event is stored as such, and its repetition is told so") {
    StoreUnderTest test;
    auto event = test.Event("e1");
    event.Judge(domain::Unjudged("could not be judged"), 3);
    const auto verdict = event.verdict();
    (void)test.StoreOne(event);
    CHECK(test.Ask("SELECT is_unjudged AND NOT is_valid FROM write.tracking_events") == "t");
    const auto again = test.StoreOne(test.Event("e1"));
    CHECK(again.status == Status::kDuplicate);
    CHECK(again.verdict == verdict);
  }

  TEST_CASE("violations that were stored before they had a schema pointer are read") {
    StoreUnderTest test;
    (void)test.StoreOne(test.Event("e1"));
    (void)test.Ask(R"(UPDATE write.tracking_events SET validation_errors =
                      '[{"pointer":"/a","keyword":"minimum","message":"must be at least 2"}]' RETURNING 1)");
    CHECK(test.StoreOne(test.Event("e1")).verdict.violations ==
          std::vector<domain::Violation>{{"/a", "minimum", "must be at least 2"}});
  }

  TEST_CASE("the same id with another content is a conflict, and that content is kept") {
    StoreUnderTest test;
    (void)test.StoreOne(test.Event("e1", R"({"a":1})"));
    const auto result = test.StoreOne(test.Event("e1", R"({"a":2})"));
    CHECK(result.status == Status::kConflict);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "1");
    CHECK(test.Ask("SELECT convert_from(body, 'UTF8') FROM write.rejected_payloads") == R"({"a":2})");
    CHECK(test.Ask("SELECT reasons->0->>'code' FROM write.rejected_payloads") == "conflict");
  }

  TEST_CASE("the same id from another system is another event") {
    StoreUnderTest test;
    CHECK(test.StoreOne(test.Event("e1", "{}", 1)).status == Status::kStored);
    CHECK(test.StoreOne(test.Event("e1", "{}", 2)).status == Status::kStored);
  }

  TEST_CASE("repetitions are found after many or few events that were new, and disturb none of their neighbours") {
    StoreUnderTest test({.committers = 1});
    int stored = 0;
    const auto next = [&] { return test.Event("e" + std::to_string(++stored)); };
    CHECK(test.StoreOne(next()).status == Status::kStored);
    for (const int new_ones : {0, 1, 7, 8, 9, 20}) {
      for (int i = 0; i < new_ones; ++i) CHECK(test.StoreOne(next()).status == Status::kStored);
      const auto results = test.Store(List(next(), test.Event("e1"), next(), test.Event("e1", R"({"a":2})"), next()));
      CHECK(results[0].status == Status::kStored);
      CHECK(results[1].status == Status::kDuplicate);
      CHECK(results[2].status == Status::kStored);
      CHECK(results[3].status == Status::kConflict);
      CHECK(results[4].status == Status::kStored);
    }
    const auto count = std::to_string(stored);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events JOIN write.event_keys USING (batch_id, ordinal)") ==
          count);
    CHECK(test.Ask("SELECT count(*) FROM write.event_keys") == count);
    CHECK(test.Ask("SELECT sum(event_count) FROM write.batches JOIN write.outbox USING (batch_id, event_count)") ==
          count);
    CHECK(test.Ask("SELECT count(*) FROM write.rejected_payloads") == "6");
  }

  TEST_CASE("repetitions inside one request are held against what is stored") {
    StoreUnderTest test;
    const auto fresh =
        test.Store(List(test.Event("n", R"({"a":1})"), test.Event("n", R"({"a":1})"), test.Event("n", R"({"a":2})")));
    CHECK(fresh[0].status == Status::kStored);
    CHECK(fresh[1].status == Status::kDuplicate);
    CHECK(fresh[1].position == fresh[0].position);
    CHECK(fresh[2].status == Status::kConflict);
    // The first of the group conflicts with what was stored before, the second equals it.
    const auto known = test.Store(List(test.Event("n", R"({"a":2})"), test.Event("n", R"({"a":1})"), test.Event("m")));
    CHECK(known[0].status == Status::kConflict);
    CHECK(known[1].status == Status::kDuplicate);
    CHECK(known[2].status == Status::kStored);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "2");
  }

  TEST_CASE("two stores that write the same ids in opposite orders never wait in a circle, and store each once") {
    StoreUnderTest one({.committers = 2});
    GroupCommitSettings settings{.committers = 2};
    settings.connection_string = *infrastructure::CompleteConnectionString(one.stores.write_dsn());
    GroupCommitEventStore other(settings, one.metrics, one.log);
    constexpr int kRounds = 20, kIds = 50;
    std::atomic<int> stored = 0, duplicates = 0, failed = 0;
    const auto run = [&](EventStore& store, bool forwards) {
      for (int round = 0; round < kRounds; ++round) {
        std::vector<domain::TrackingEvent> events;
        for (int i = 0; i < kIds; ++i) {
          events.push_back(one.Event(std::to_string(round) + "/" + std::to_string(forwards ? i : kIds - i - 1)));
        }
        std::promise<domain::Result<Appended>> promise;
        store.Store({{}, std::move(events), {}},
                    [&](domain::Result<Appended> appended) { promise.set_value(std::move(appended)); });
        const auto appended = promise.get_future().get();
        if (!appended) ++failed;
        if (!appended) continue;
        for (const auto& result : appended->results) ++(result.status == Status::kStored ? stored : duplicates);
      }
    };
    std::thread a([&] { run(*one.store, true); }), b([&] { run(other, false); });
    a.join();
    b.join();
    CHECK(failed == 0);
    CHECK(stored == kRounds * kIds);
    CHECK(duplicates == kRounds * kIds);
    CHECK(one.Ask("SELECT count(*) FROM write.tracking_events") == std::to_string(kRounds * kIds));
    CHECK(one.Ask("SELECT sum(event_count) FROM write.batches") == std::to_string(kRounds * kIds));
    CHECK(one.log.Count("not committed") == 0);
  }

  TEST_CASE("one event that PostgreSQL refuses does not fail its neighbours, and is kept") {
    StoreUnderTest test;
    (void)test.Ask("ALTER TABLE write.tracking_events ADD CHECK (event_name <> 'poison')");
    std::vector<domain::TrackingEvent> events;
    for (int i = 0; i < 100; ++i)
      events.push_back(test.Event("e" + std::to_string(i), "{}", 1, i == 37 ? "poison" : "e"));
    const auto results = test.Store(std::move(events));
    for (std::size_t i = 0; i < results.size(); ++i) {
      CHECK(results[i].status == (i == 37 ? Status::kUnstorable : Status::kStored));
    }
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "99");
    CHECK(test.Ask("SELECT sum(event_count) FROM write.batches") == "99");
    CHECK(test.Ask("SELECT reasons->0->>'code' FROM write.rejected_payloads") == "unstorable");
    CHECK(test.Ask("SELECT count(*) FROM write.event_keys") == "99");
  }

  TEST_CASE("rejected payloads are kept as the bytes that came") {
    StoreUnderTest test;
    const std::string garbage("\0\xff{not json\n", 12);
    const auto results = test.Store({}, {{System(1),
                                          "c-9",
                                          *domain::ParseRfc3339("2026-11-20T10:00:00Z"),
                                          garbage,
                                          {{"", "malformed_json", "is not JSON"}}}});
    CHECK(results.empty());
    CHECK(test.Ask("SELECT encode(body, 'hex') FROM write.rejected_payloads") == "00ff7b6e6f74206a736f6e0a");
    CHECK(test.Ask("SELECT correlation_id FROM write.rejected_payloads") == "c-9");
    CHECK(test.Ask("SELECT count(*) FROM write.batches") == "0");
  }

  TEST_CASE("connections that are cut in the middle lose nothing that was not committed") {
    StoreUnderTest test({.committers = 1, .max_wait = std::chrono::minutes(1)});
    infrastructure::PqConnection blocker(test.stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.tracking_events IN ACCESS EXCLUSIVE MODE");
    auto pending = test.Begin(List(test.Event("e1")));
    WaitUntil("the committer waits for the lock", [&] {
      return test.Ask(
                 "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'write.tracking_events'::regclass") ==
             "1";
    });
    (void)test.Ask(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = "
        "'write.tracking_events'::regclass");
    (void)blocker.Execute("COMMIT");
    const auto appended = pending.get();  // tried again on a new connection: no COMMIT was on its way
    REQUIRE_MESSAGE(appended.ok(), appended.error().message);
    CHECK(appended->results.front().status == Status::kStored);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "1");
  }

  TEST_CASE("a connection that is cut during COMMIT is answered as unknown, and the retry is safe") {
    StoreUnderTest test({.committers = 1});
    // A deferred constraint runs inside COMMIT: there the connection can be held, and cut.
    (void)test.Ask(R"sql(
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON write.batches DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION hold())sql");
    infrastructure::PqConnection blocker(test.stores.write_dsn());
    (void)blocker.Execute("SELECT pg_advisory_lock(1)");
    auto pending = test.Begin(List(test.Event("e1")));
    WaitUntil("the committer is inside COMMIT", [&] {
      return test.Ask("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'") == "1";
    });
    (void)test.Ask("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'");
    const auto unknown = pending.get();
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().kind == domain::ErrorKind::kUnavailable);
    (void)blocker.Execute("SELECT pg_advisory_unlock(1)");
    CHECK(test.StoreOne(test.Event("e1")).status == Status::kStored);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "1");
  }

  TEST_CASE("a connection whose statements could not be prepared prepares them with the next group") {
    StoreUnderTest test({.committers = 1});
    (void)test.Ask("ALTER TABLE write.outbox RENAME TO elsewhere");
    CHECK_FALSE(test.Begin(List(test.Event("e1"))).get().ok());
    (void)test.Ask("ALTER TABLE write.elsewhere RENAME TO outbox");
    CHECK(test.StoreOne(test.Event("e1")).status == Status::kStored);
    CHECK(test.Ask("SELECT sum(event_count) FROM write.outbox") == "1");
  }

  TEST_CASE("what waits in the queue is committed before the store goes") {
    StoreUnderTest test;
    std::vector<std::future<domain::Result<Appended>>> taken;
    for (int i = 0; i < 200; ++i) taken.push_back(test.Begin(List(test.Event("e" + std::to_string(i)))));
    test.store.reset();
    for (auto& future : taken) CHECK(future.get().ok());
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "200");
  }
}
