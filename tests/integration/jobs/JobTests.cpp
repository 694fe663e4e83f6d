#include "Application/Commands/JudgeAgain.h"
#include "Application/Commands/MeasureImpact.h"
#include "tests/support/JudgingFixture.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <string>
#include <thread>

using namespace volcanion;
using namespace volcanion::application;
using test::Crash;
using test::JobClient;
using test::JudgingStores;
using test::RunnerUnderTest;

namespace {

/// Lets a runner stop at a step until it may go on.
class Gate {
 public:
  /// Called by the runner.
  void Pass() {
    if (passed_) return;
    passed_ = true;
    reached_.set_value();
    open_.get_future().wait();
  }
  void WaitUntilReached() {
    REQUIRE(reached_.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  }
  void Open() { open_.set_value(); }

 private:
  bool passed_ = false;  // by the runner's thread alone
  std::promise<void> reached_, open_;
};

/// As if the runner of every job had died a while ago.
void ForgetRunners(const JudgingStores& stores) {
  (void)stores.Write("UPDATE write.background_jobs SET heartbeat_at = now() - interval '31 seconds'");
}

}  // namespace

TEST_SUITE("jobs") {
  TEST_CASE("impact tells what would turn, by violation with examples and by system, and changes nothing") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, -5, 44);
    stores.AddPurchases(JudgingStores::kApp, 8, 11);
    stores.AddPurchases(JudgingStores::kOthersWeb, -5, 4);
    stores.Project();
    const auto before = stores.Verdicts();
    JobClient client(stores);
    const auto job = client.Impact(2);
    CHECK(client.Get(job).state == JobState::kQueued);
    RunnerUnderTest(stores).RunUntilIdle();

    const auto done = client.Get(job);
    CHECK(done.state == JobState::kSucceeded);
    CHECK(done.done == 54);
    CHECK(done.total == 54);
    CHECK(done.verdicts_changed == 0);
    CHECK(done.finished_at.has_value());
    REQUIRE(done.report.has_value());
    const auto& report = *done.report;
    CHECK(report.tally.turned_invalid == 12);  // 0 to 9, and 8 and 9
    CHECK(report.tally.stayed_invalid == 5);
    CHECK(report.tally.stayed_valid == 37);
    CHECK(report.tally.turned_valid == 0);
    CHECK(report.violating == 17);
    CHECK_FALSE(report.sampled);
    CHECK(report.as_of->position == 3);
    REQUIRE(report.kinds.size() == 1);
    CHECK(report.kinds[0].pointer == "/amount");
    CHECK(report.kinds[0].keyword == "minimum");
    CHECK(report.kinds[0].events == 17);
    REQUIRE(report.kinds[0].examples.size() == 3);
    CHECK(report.kinds[0].examples[0].message == "must be at least 10; was 9");
    CHECK(stores.Read("SELECT properties->>'amount' FROM read.tracking_events_read_model WHERE tracking_event_id = '" +
                      report.kinds[0].examples[0].event.ToString() + "'") == "9");
    REQUIRE(report.systems.size() == 2);
    CHECK(report.systems[0].name == "web");
    CHECK(report.systems[0].tally.events() == 50);
    CHECK(report.systems[1].system == JudgingStores::kApp);
    CHECK(report.systems[1].tally.turned_invalid == 2);
    CHECK(stores.Verdicts() == before);
    stores.CheckConsistent();
  }

  TEST_CASE("a sample is the newest events, divided among the systems as their counts allow") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 1, 100);
    stores.AddPurchases(JudgingStores::kApp, 1, 10);
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(2, 50);
    RunnerUnderTest(stores).RunUntilIdle();
    const auto done = client.Get(job);
    REQUIRE(done.report.has_value());
    CHECK(done.report->sampled);
    CHECK(done.total == 50);
    CHECK(done.done == 50);
    CHECK(done.report->systems[0].tally.events() == 40);
    CHECK(done.report->systems[0].tally.turned_invalid == 0);  // 61 to 100
    CHECK(done.report->systems[1].tally.events() == 10);
  }

  TEST_CASE("what a draft would do can be measured; its text at the time of asking counts") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 0, 29);
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(4);
    (void)stores.Write("UPDATE write.event_structures SET schema = '{}' WHERE version = 4");
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.Get(job).report->tally.turned_invalid == 20);
    CHECK(stores.Write(
              "SELECT count(*) FROM write.background_jobs WHERE schema IS NOT NULL OR checkpoint IS NOT NULL") == "0");
  }

  TEST_CASE("under a policy that observes, breaking the structure turns nothing invalid, and is counted") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 0, 29);
    (void)stores.Write("UPDATE write.partner_systems SET invalid_events = 'observe'");
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(2);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.Get(job).report->tally.stayed_valid == 30);
    CHECK(client.Get(job).report->violating == 10);
  }

  TEST_CASE("what cannot be done is refused when it is asked for") {
    const JudgingStores stores;
    JobClient client(stores);
    MeasureImpactHandler impact(client.jobs, client.clock, client.secrets);
    JudgeAgainHandler judge_again(client.jobs, client.clock, client.secrets);
    const auto kind = [](const auto& result) { return result.error().kind; };
    CHECK(kind(impact.Handle({JudgingStores::kPartner, "purchase", 9})) == domain::ErrorKind::kNotFound);
    CHECK(kind(impact.Handle({JudgingStores::kOtherPartner, "purchase", 1})) == domain::ErrorKind::kNotFound);
    CHECK(kind(impact.Handle({JudgingStores::kPartner, "purchase", 1, JudgingStores::kOthersWeb})) ==
          domain::ErrorKind::kNotFound);
    CHECK(kind(impact.Handle({JudgingStores::kPartner, "purchase", 1, std::nullopt, JudgingStores::kOthersWeb})) ==
          domain::ErrorKind::kNotFound);
    CHECK(kind(impact.Handle({JudgingStores::kPartner, "purchase", 1, std::nullopt, std::nullopt, 0, 0})) ==
          domain::ErrorKind::kInvalid);
    const auto now = client.clock.Now();
    CHECK(kind(judge_again.Handle({JudgingStores::kPartner, "purchase", 1, std::nullopt, std::nullopt, now,
                                   now - std::chrono::seconds(1)})) == domain::ErrorKind::kInvalid);
    CHECK(kind(judge_again.Handle({JudgingStores::kPartner, "purchase", 4, std::nullopt, std::nullopt, now, now, true,
                                   true})) == domain::ErrorKind::kConflict);
    CHECK(stores.Write("SELECT count(*) FROM write.background_jobs") == "0");
    CHECK(stores.Write("SELECT count(*) FROM write.audit_log") == "0");
  }

  TEST_CASE("a trial of a schema that is cancelled is in the audit log under the name of its events") {
    const JudgingStores stores;
    JobClient client(stores);
    const auto now = client.clock.Now();
    const auto job = ImpactJob({JudgingStores::kPartner, "purchase"}, {client.secrets.NewId(now)}, now);
    REQUIRE(job.ok());
    REQUIRE(client.jobs.AddTrial(*job, "{}").ok());
    REQUIRE(client.jobs.Cancel(JudgingStores::kPartner, job->id, {"me", "c"}).ok());
    CHECK(stores.Write("SELECT target FROM write.audit_log WHERE action = 'job.cancelled'") == "purchase");
  }

  TEST_CASE("a partner has five open jobs at most, also when they are asked for at the same time") {
    const JudgingStores stores;
    std::atomic<int> added = 0, refused = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          JobClient client(stores);
          MeasureImpactHandler impact(client.jobs, client.clock, client.secrets);
          for (int j = 0; j < 3; ++j) {
            const auto job = impact.Handle({JudgingStores::kPartner, "purchase", 1});
            ++(job ? added : refused);
            if (!job) CHECK(job.error().kind == domain::ErrorKind::kConflict);
          }
        });
      }
    }
    CHECK(added == 5);
    CHECK(refused == 7);
    RunnerUnderTest(stores).RunUntilIdle();
    JobClient client(stores);
    CHECK(client.Impact(1).state == JobState::kQueued);
  }

  TEST_CASE("a job of another partner is like one that does not exist") {
    const JudgingStores stores;
    JobClient client(stores);
    const auto job = client.Impact(1);
    const auto nowhere = client.jobs.Get(JudgingStores::kPartner, {client.secrets.NewId(client.clock.Now())});
    for (const auto& answer : {client.jobs.Get(JudgingStores::kOtherPartner, job.id),
                               client.jobs.Cancel(JudgingStores::kOtherPartner, job.id, test::kAda)}) {
      REQUIRE_FALSE(answer.ok());
      CHECK(answer.error().kind == domain::ErrorKind::kNotFound);
      CHECK(answer.error().message == nowhere.error().message);
    }
    CHECK(client.Get(job).state == JobState::kQueued);
    CHECK(client.jobs.List(JudgingStores::kOtherPartner, std::nullopt, 10)->items.empty());
    CHECK_FALSE(client.jobs.List({client.secrets.NewId(client.clock.Now())}, std::nullopt, 10).ok());
  }

  TEST_CASE("jobs are listed from the newest, page by page") {
    const JudgingStores stores;
    JobClient client(stores);
    std::vector<JobId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(client.Impact(1).id);
    std::sort(ids.rbegin(), ids.rend());
    const auto first = client.jobs.List(JudgingStores::kPartner, std::nullopt, 3);
    REQUIRE(first.ok());
    REQUIRE(first->items.size() == 3);
    CHECK(first->items[0].id == ids[0]);
    CHECK(first->more);
    const auto rest = client.jobs.List(JudgingStores::kPartner, first->items.back().id, 3);
    REQUIRE(rest->items.size() == 2);
    CHECK(rest->items[1].id == ids[4]);
    CHECK_FALSE(rest->more);
  }

  TEST_CASE("a job that waits is cancelled at once, and again, and is never done") {
    const JudgingStores stores;
    JobClient client(stores);
    const auto job = client.Impact(1);
    CHECK(client.jobs.Cancel(job.partner, job.id, test::kAda)->state == JobState::kCancelled);
    CHECK(client.jobs.Cancel(job.partner, job.id, test::kAda)->state == JobState::kCancelled);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(stores.Write("SELECT count(*) || min(actor) FROM write.audit_log WHERE action = 'job.cancelled'") == "1Ada");
    CHECK_FALSE(client.Get(job).started_at.has_value());
    const auto done = client.Impact(1);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.jobs.Cancel(done.partner, done.id, test::kAda)->state == JobState::kSucceeded);
  }

  TEST_CASE("a job that runs is cancelled before its next page, and tells what it had found") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 1, 200);
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(2);
    Gate gate;
    RunnerUnderTest runner(stores, [&](std::string_view step) {
      if (step == "after judgement commit") gate.Pass();
    });
    std::jthread thread([&](std::stop_token stop) { runner.runner.Run(stop); });
    gate.WaitUntilReached();
    CHECK(client.jobs.Cancel(job.partner, job.id, test::kAda)->state == JobState::kRunning);
    CHECK(client.Get(job).cancel_requested);
    gate.Open();
    test::WaitUntil("the job is cancelled", [&] { return client.Get(job).state == JobState::kCancelled; });
    CHECK(client.Get(job).done == 20);
    CHECK(client.Get(job).report->tally.events() == 20);
  }

  TEST_CASE("a job is cancelled in the middle of a page when judging takes long") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 1, 500);
    stores.Project();
    std::string twice_as_much = R"({"definitions":{"n40":{"type":"null"})";
    for (int i = 0; i < 40; ++i) {
      const auto next = R"({"$ref":"#/definitions/n)" + std::to_string(i + 1) + R"("})";
      twice_as_much += ",\"n" + std::to_string(i) + R"(":{"anyOf":[)" + next + "," + next + "]}";
    }
    twice_as_much += R"(},"$ref":"#/definitions/n0"})";
    (void)stores.Write("UPDATE write.event_structures SET schema = '" + twice_as_much + "' WHERE version = 4");
    JobClient client(stores);
    const auto job = client.Impact(4);
    RunnerUnderTest runner(stores, {}, 500);
    std::jthread thread([&](std::stop_token stop) { runner.runner.Run(stop); });
    test::WaitUntil("the job has begun", [&] { return client.Get(job).started_at.has_value(); });
    (void)client.jobs.Cancel(job.partner, job.id, test::kAda);
    test::WaitUntil("the job is cancelled", [&] { return client.Get(job).state == JobState::kCancelled; });
    CHECK(client.Get(job).done == 0);
  }

  TEST_CASE("a job under way goes back into the queue when its runner is stopped, and on with the next one") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 1, 200);
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(2);
    {
      Gate gate;
      RunnerUnderTest runner(stores, [&](std::string_view step) {
        if (step == "after judgement commit") gate.Pass();
      });
      std::jthread thread([&](std::stop_token stop) { runner.runner.Run(stop); });
      gate.WaitUntilReached();
      thread.request_stop();
      gate.Open();
    }
    CHECK(client.Get(job).state == JobState::kQueued);
    CHECK(client.Get(job).done == 20);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.Get(job).state == JobState::kSucceeded);
    CHECK(client.Get(job).report->tally.events() == 200);
    CHECK(stores.Write("SELECT takeovers FROM write.background_jobs") == "0");
  }

  TEST_CASE("a job whose runner died is taken over after 30 seconds, and goes on from its last page") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 1, 100);
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(2);
    int pages = 0;
    RunnerUnderTest dying(stores, [&](std::string_view step) {
      if (step == "after judgement commit" && ++pages == 2) throw Crash();
    });
    CHECK_THROWS_AS((void)dying.runner.RunOnce({}), Crash);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.Get(job).state == JobState::kRunning);  // it may still live
    ForgetRunners(stores);
    pages = 0;
    RunnerUnderTest heir(stores, [&](std::string_view step) { pages += step == "after judgement commit" ? 1 : 0; });
    heir.RunUntilIdle();
    CHECK(client.Get(job).state == JobState::kSucceeded);
    CHECK(client.Get(job).report->tally.events() == 100);
    CHECK(pages == 4);  // three of "web", one that finds nothing of "app"
  }

  TEST_CASE("a job over which every runner dies is given up") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 1, 5);
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(2);
    for (int i = 0; i < 4; ++i) {
      RunnerUnderTest dying(stores, [](std::string_view) { throw Crash(); });
      CHECK_THROWS_AS((void)dying.runner.RunOnce({}), Crash);
      ForgetRunners(stores);
    }
    RunnerUnderTest(stores, [](std::string_view) { throw Crash(); }).RunUntilIdle();
    CHECK(client.Get(job).state == JobState::kFailed);
    CHECK(client.Get(job).error == "Those who worked on it died too often.");
  }

  TEST_CASE("while the read store is away the job waits, and is done when it is back") {
    const JudgingStores stores;
    stores.AddPurchases(JudgingStores::kWeb, 1, 50);
    stores.Project();
    JobClient client(stores);
    const auto job = client.Impact(2);
    (void)stores.Read("ALTER TABLE read.tracking_events_read_model RENAME TO elsewhere");
    RunnerUnderTest runner(stores);
    std::jthread thread([&](std::stop_token stop) { runner.runner.Run(stop); });
    test::WaitUntil("the runner tells of it", [&] { return runner.log.Count("they keep trying") > 0; });
    CHECK(client.Get(job).state == JobState::kRunning);
    (void)stores.Read("ALTER TABLE read.elsewhere RENAME TO tracking_events_read_model");
    test::WaitUntil("the job is done", [&] { return client.Get(job).state == JobState::kSucceeded; });
    CHECK(client.Get(job).report->tally.events() == 50);
  }

  TEST_CASE("what ended a month ago is forgotten") {
    const JudgingStores stores;
    JobClient client(stores);
    const auto old = client.Impact(1);
    RunnerUnderTest runner(stores);
    runner.RunUntilIdle();
    (void)stores.Write("UPDATE write.background_jobs SET finished_at = finished_at - interval '31 days'");
    const auto waiting = client.Impact(1);
    REQUIRE(runner.queue.Prune().ok());
    CHECK_FALSE(client.jobs.Get(old.partner, old.id).ok());
    CHECK(client.Get(waiting).state == JobState::kQueued);
  }
}
