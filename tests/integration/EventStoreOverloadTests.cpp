#include "tests/integration/EventStoreFixture.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <future>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

// What the event store does with more than it can store, and when PostgreSQL is away or hangs.

using namespace volcanion;
using namespace volcanion::application;
using infrastructure::GroupCommitEventStore;
using infrastructure::GroupCommitSettings;
using test::List;
using test::StoreUnderTest;
using test::WaitUntil;
using Status = AppendResult::Status;

namespace {

using Answer = std::future<domain::Result<Appended>>;

const std::string kCommitters =
    " FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'volcanion'";

bool IsReady(const Answer& answer) { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

bool IsRefused(Answer& answer) {
  const auto appended = answer.get();
  return !appended.ok() && appended.error().kind == domain::ErrorKind::kUnavailable;
}

void WaitUntilCommitterWaitsForLock(StoreUnderTest& test) {
  WaitUntil("the committer waits for the lock", [&] {
    return test.Ask("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'write.outbox'::regclass") == "1";
  });
}

/// They go on when it is destroyed, at the latest.
class FrozenProcesses {
 public:
  explicit FrozenProcesses(std::vector<pid_t> pids) : pids_(std::move(pids)) { Signal(SIGSTOP); }
  ~FrozenProcesses() { Signal(SIGCONT); }
  FrozenProcesses(const FrozenProcesses&) = delete;
  FrozenProcesses& operator=(const FrozenProcesses&) = delete;
  void GoOn() const { Signal(SIGCONT); }

 private:
  void Signal(int number) const {
    for (const auto pid : pids_) kill(pid, number);
  }
  const std::vector<pid_t> pids_;
};

}  // namespace

TEST_SUITE("event store") {
  TEST_CASE("a full queue refuses at once and takes again when it has drained") {
    StoreUnderTest test({.committers = 1, .max_queued_events = 10, .max_wait = std::chrono::minutes(1)});
    infrastructure::PqConnection blocker(test.stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.outbox IN ACCESS EXCLUSIVE MODE");
    std::vector<std::future<domain::Result<Appended>>> taken;
    taken.push_back(test.Begin(List(test.Event("first"))));
    WaitUntilCommitterWaitsForLock(test);
    for (int i = 0; i < 10; ++i) taken.push_back(test.Begin(List(test.Event("e" + std::to_string(i)))));
    auto refused = test.Begin(List(test.Event("one too many")));
    REQUIRE(refused.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    CHECK(refused.get().error().kind == domain::ErrorKind::kUnavailable);
    (void)blocker.Execute("COMMIT");
    for (auto& future : taken) CHECK(future.get().ok());
    CHECK(test.StoreOne(test.Event("afterwards")).status == Status::kStored);
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == "12");
  }

  TEST_CASE("what waits behind a commit that hangs is refused long before its time, and never stored") {
    StoreUnderTest test({.committers = 1, .max_wait = std::chrono::seconds(10)});
    (void)test.StoreOne(test.Event("before"));
    infrastructure::PqConnection blocker(test.stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.outbox IN ACCESS EXCLUSIVE MODE");
    auto in_hand = test.Begin(List(test.Event("in hand")));
    WaitUntilCommitterWaitsForLock(test);
    std::vector<Answer> waiting;
    for (int i = 0; i < 10; ++i) waiting.push_back(test.Begin(List(test.Event("e" + std::to_string(i)))));
    for (auto& answer : waiting) CHECK(IsRefused(answer));
    // It may be stored any moment: nothing is said of it before its time is over.
    CHECK_FALSE(IsReady(in_hand));
    auto late = test.Begin(List(test.Event("late")));
    REQUIRE(IsReady(late));
    CHECK(IsRefused(late));
    WaitUntil("the log says so", [&] { return test.log.Count("does not answer") == 1; });
    (void)blocker.Execute("COMMIT");
    CHECK(in_hand.get().ok());
    WaitUntil("events are taken again", [&] { return test.Begin(List(test.Event("afterwards"))).get().ok(); });
    CHECK(test.Ask("SELECT string_agg(event_id, ', ' ORDER BY batch_id) FROM write.tracking_events") ==
          "before, in hand, afterwards");
    CHECK(test.StoreOne(test.Event("e0")).status == Status::kStored);
  }

  TEST_CASE("when PostgreSQL is frozen, all but what is in a transaction is refused, and stored when sent again") {
    StoreUnderTest test({.max_wait = std::chrono::seconds(10)});
    WaitUntil("both committers are connected", [&] { return test.Ask("SELECT count(*)" + kCommitters) == "2"; });
    std::istringstream backends(test.Ask("SELECT string_agg(pid::text, ' ')" + kCommitters));
    const std::vector<pid_t> pids(std::istream_iterator<pid_t>(backends), {});
    const FrozenProcesses frozen(pids);
    std::vector<Answer> begun;
    WaitUntil("an event is refused at once", [&] {
      begun.push_back(test.Begin(List(test.Event("e" + std::to_string(begun.size())))));
      return IsReady(begun.back());
    });
    REQUIRE(begun.size() >= 3);
    // Both committers have been busy for long when the one before it comes: it waits in the queue, with many others.
    (*(begun.end() - 2)).wait();
    frozen.GoOn();
    std::size_t stored = 0;
    for (std::size_t i = 0; i < begun.size(); ++i) {
      const auto answer = begun[i].get();
      if (answer.ok()) {
        ++stored;
      } else {
        CHECK(answer.error().kind == domain::ErrorKind::kUnavailable);
        CHECK(test.StoreOne(test.Event("e" + std::to_string(i))).status == Status::kStored);
      }
    }
    CHECK(stored >= 1);
    CHECK(stored < begun.size());
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events") == std::to_string(begun.size()));
  }

  TEST_CASE("without a database the wait is bounded") {
    test::RecordedLog log;
    infrastructure::PrometheusMetrics metrics("test");
    GroupCommitSettings settings{.connection_string = "host=/nowhere connect_timeout=2",
                                 .max_wait = std::chrono::milliseconds(100)};
    StoreUnderTest events;  // for its events only
    GroupCommitEventStore store(settings, metrics, log);
    std::promise<domain::Result<Appended>> promise;
    store.Store({{}, List(events.Event("e1")), {}},
                [&](domain::Result<Appended> appended) { promise.set_value(std::move(appended)); });
    const auto appended = promise.get_future().get();
    REQUIRE_FALSE(appended.ok());
    CHECK(appended.error().kind == domain::ErrorKind::kUnavailable);
  }

  TEST_CASE("an append is answered in time when PostgreSQL hangs, and stopping does not wait for it") {
    StoreUnderTest test({.committers = 1, .max_wait = std::chrono::milliseconds(300)});
    infrastructure::PqConnection blocker(test.stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.outbox IN ACCESS EXCLUSIVE MODE");
    auto in_hand = test.Begin(List(test.Event("e1")));
    auto queued = test.Begin(List(test.Event("e2")));
    for (auto* pending : {&in_hand, &queued}) {
      const auto appended = pending->get();
      REQUIRE_FALSE(appended.ok());
      CHECK(appended.error().kind == domain::ErrorKind::kUnavailable);
    }
    test.store->Stop();  // cuts the connection that still waits
    auto refused = test.Begin(List(test.Event("e3")));
    CHECK_FALSE(refused.get().ok());
    (void)blocker.Execute("COMMIT");
    CHECK(test.Ask("SELECT count(*) FROM write.tracking_events WHERE event_id = 'e3'") == "0");
  }

  TEST_CASE("a committer that cannot connect keeps nothing from the one that can") {
    StoreUnderTest test({.committers = 2});
    (void)test.StoreOne(test.Event("first"));
    // One committer loses its connection and cannot get a new one; the other has to serve everyone.
    infrastructure::PqConnection admin(test.stores.write_dsn());
    WaitUntil("both are connected", [&] { return test.Ask("SELECT count(*)" + kCommitters) == "2"; });
    (void)admin.Execute("UPDATE pg_database SET datallowconn = false WHERE datname = current_database()");
    (void)admin.Execute(("SELECT pg_terminate_backend(max(pid))" + kCommitters).c_str());
    // Until both have had work: the one that is cut off notices only then, and hands its work back.
    for (int i = 0; test.log.Count("cannot be reached") == 0; ++i) {
      REQUIRE(i < 1'000);
      CHECK(test.StoreOne(test.Event("a" + std::to_string(i))).status == Status::kStored);
    }
    for (int i = 0; i < 12; ++i) CHECK(test.StoreOne(test.Event("b" + std::to_string(i))).status == Status::kStored);
    (void)admin.Execute("UPDATE pg_database SET datallowconn = true WHERE datname = current_database()");
  }
}
