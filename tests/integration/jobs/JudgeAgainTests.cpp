#include "tests/support/JudgingFixture.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using test::Crash;
using test::JobClient;
using test::JudgingStores;
using test::RunnerUnderTest;

namespace {

void ForgetRunners(const JudgingStores& stores) {
  (void)stores.Write("UPDATE write.background_jobs SET heartbeat_at = now() - interval '31 seconds'");
}

/// 45 purchases of two systems, of which 10 are invalid, and some of another partner.
struct Judged : JudgingStores {
  Judged() {
    AddPurchases(kWeb, -5, 24);
    AddPurchases(kApp, -5, 9);
    AddPurchases(kOthersWeb, -5, 9);
    Project();
  }
  std::string CountOf(const std::string& condition) const {
    const auto count = Write("SELECT count(*) FROM write.tracking_events WHERE " + condition);
    CHECK(Read("SELECT count(*) FROM read.tracking_events_read_model WHERE " + condition) == count);
    return count;
  }
};

}  // namespace

TEST_SUITE("judge again") {
  TEST_CASE("new verdicts count as a change of the days of their events, for their partner alone") {
    const Judged stores;
    const auto changes = [&] {
      return stores.Read(
          "SELECT string_agg(partner_id || ' ' || sum, ', ' ORDER BY partner_id) FROM (SELECT partner_id, "
          "sum(changes) FROM read.changed_days GROUP BY partner_id) AS partners");
    };
    const auto of = [&](domain::PartnerId partner) {
      return stores.Read("SELECT sum(changes) FROM read.changed_days WHERE partner_id = '" + partner.ToString() + "'");
    };
    const auto before = changes();
    const auto mine = of(JudgingStores::kPartner), others = of(JudgingStores::kOtherPartner);
    JobClient client(stores);
    (void)client.JudgeAgain(3, false);
    RunnerUnderTest(stores).RunUntilIdle();
    stores.Project();
    CHECK(changes() == before);
    (void)client.JudgeAgain(3, true);
    RunnerUnderTest(stores).RunUntilIdle();
    stores.Project();
    CHECK(std::stoi(of(JudgingStores::kPartner)) > std::stoi(mine));
    CHECK(of(JudgingStores::kOtherPartner) == others);
  }

  TEST_CASE("a preview changes nothing, and tells what is changed when it is applied") {
    const Judged stores;
    const auto before = stores.Verdicts();
    JobClient client(stores);
    const auto preview = client.JudgeAgain(3, false);
    RunnerUnderTest(stores).RunUntilIdle();
    const auto previewed = client.Get(preview);
    REQUIRE(previewed.state == JobState::kSucceeded);
    CHECK(previewed.report->tally.turned_valid == 10);
    CHECK(previewed.report->tally.stayed_valid == 35);
    CHECK(previewed.verdicts_changed == 0);
    CHECK(stores.Verdicts() == before);
    CHECK(stores.Write("SELECT count(*) FROM write.audit_log") == "0");
    stores.CheckConsistent();

    const auto applied = client.JudgeAgain(3, true);
    RunnerUnderTest(stores).RunUntilIdle();
    stores.Project();
    CHECK(client.Get(applied).report->tally.turned_valid == 10);
    CHECK(client.Get(applied).verdicts_changed == 45);  // they have another version now
    CHECK(stores.CountOf("is_valid AND schema_version = 3 AND validation_errors IS NULL") == "45");
    CHECK(stores.CountOf("NOT is_valid") == "5");  // the other partner's
    stores.CheckConsistent();
  }

  TEST_CASE("the old verdict stays in the history of the event, with the job that replaced it") {
    const Judged stores;
    JobClient client(stores);
    const auto job = client.JudgeAgain(3, true, true);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.Get(job).verdicts_changed == 10);
    CHECK(stores.Write("SELECT count(*) FROM write.judgements WHERE job_id = '" + job.id.ToString() +
                       "' AND NOT was_valid AND was_schema_version = 1 AND is_valid AND schema_version = 3 AND "
                       "was_validation_errors->0->>'keyword' = 'minimum' AND validation_errors IS NULL") == "10");
    CHECK(stores.Write("SELECT sum(event_count) || ' ' || sum(judgement_count) FROM write.batches") == "60 10");
  }

  TEST_CASE("the audit log tells who asked, and what was changed") {
    const Judged stores;
    JobClient client(stores);
    const auto job = client.JudgeAgain(3, true, true);
    CHECK(stores.Write("SELECT string_agg(action || ' ' || target, ', ') FROM write.audit_log") ==
          "events.judge_again_requested purchase, version 3");
    RunnerUnderTest(stores).RunUntilIdle();
    const auto entries = test::SqlRows(stores.write_dsn(),
                                       "SELECT actor, action, correlation_id, details->>'jobId', "
                                       "details->>'verdictsChanged' FROM write.audit_log WHERE partner_id = '" +
                                           JudgingStores::kPartner.ToString() + "' ORDER BY audit_id");
    REQUIRE(entries.size() == 2);
    CHECK(entries[1] == test::SqlRow{"me", "events.judged_again", "c", job.id.ToString(), "10"});
  }

  TEST_CASE("only what is in the range, of the system and invalid is judged again") {
    const Judged stores;
    JobClient client(stores);
    auto job = client.JudgeAgain(3, false);
    REQUIRE(client.jobs.Cancel(job.partner, job.id, test::kAda).ok());
    job.id = {client.secrets.NewId(client.clock.Now())};
    job.request.apply = job.request.invalid_only = true;
    job.request.system = JudgingStores::kWeb;
    // The third of web's five invalid ones is 27 minutes older than its newest event.
    job.request.from = domain::ParseRfc3339(
        stores.Read("SELECT to_char(event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM "
                    "read.tracking_events_read_model WHERE properties->>'amount' = '-3' AND partner_system_id = '" +
                    JudgingStores::kWeb.ToString() + "'"));
    job.request.to = *job.request.from + std::chrono::minutes(2);
    REQUIRE(client.jobs.Add(job, std::nullopt).ok());
    RunnerUnderTest(stores).RunUntilIdle();
    stores.Project();
    CHECK(client.Get(job).done == 2);
    CHECK(stores.CountOf("schema_version = 3") == "2");
    CHECK(
        stores.Write("SELECT string_agg(properties->>'amount', ' ' ORDER BY ordinal) FROM write.tracking_events WHERE "
                     "schema_version = 3") == "-3 -2");
    stores.CheckConsistent();
  }

  TEST_CASE("judging again by the same version changes nothing, and makes no batch") {
    const Judged stores;
    const auto before = stores.Verdicts();
    JobClient client(stores);
    const auto job = client.JudgeAgain(1, true);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.Get(job).done == 45);
    CHECK(client.Get(job).verdicts_changed == 0);
    CHECK(stores.Verdicts() == before);
    CHECK(stores.Write("SELECT count(*) FROM write.batches") == "3");
  }

  TEST_CASE("a runner that crashes at any step leaves every verdict changed once") {
    for (const std::string step : {"before judgement commit", "after judgement commit"}) {
      for (const int page : {1, 2, 3}) {
        CAPTURE(step);
        CAPTURE(page);
        const Judged stores;
        JobClient client(stores);
        const auto job = client.JudgeAgain(2, true);
        int reached = 0;
        RunnerUnderTest dying(stores, [&](std::string_view at) {
          if (at == step && ++reached == page) throw Crash();
        });
        CHECK_THROWS_AS((void)dying.runner.RunOnce({}), Crash);
        stores.Project();
        stores.CheckConsistent();  // what is committed is whole
        ForgetRunners(stores);
        RunnerUnderTest(stores).RunUntilIdle();
        stores.Project();
        stores.CheckConsistent();
        const auto done = client.Get(job);
        CHECK(done.state == JobState::kSucceeded);
        CHECK(done.verdicts_changed == 45);
        CHECK(done.report->tally.events() == 45);
        CHECK(done.report->tally.turned_invalid == 20);
        CHECK(stores.Write("SELECT count(*) || ' ' || count(DISTINCT tracking_event_id) FROM write.judgements") ==
              "45 45");
        CHECK(stores.CountOf("schema_version = 2") == "45");
      }
    }
  }

  TEST_CASE("a runner whose connections are cut goes on with new ones, whether the page was committed or not") {
    for (const std::string step : {"before judgement commit", "after judgement commit"}) {
      CAPTURE(step);
      const Judged stores;
      JobClient client(stores);
      const auto job = client.JudgeAgain(2, true);
      int reached = 0;
      RunnerUnderTest runner(stores, [&](std::string_view at) {
        if (at != step || ++reached != 2) return;
        for (const auto* dsn : {&stores.write_dsn(), &stores.read_dsn()}) {
          (void)test::Sql(*dsn,
                          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                          "AND pid <> pg_backend_pid()");
        }
      });
      int failures = 0;
      while (true) {
        const auto worked = runner.runner.RunOnce({});
        if (worked && !*worked) break;
        failures += worked ? 0 : 1;
      }
      CHECK(failures == 1);
      std::optional<Job> done;  // the client's connection was cut, too
      test::WaitUntil("the job can be read", [&] {
        const auto read = client.jobs.Get(job.partner, job.id);
        if (read) done = *read;
        return read.ok();
      });
      CHECK(done->state == JobState::kSucceeded);
      CHECK(done->verdicts_changed == 45);
      stores.Project();
      stores.CheckConsistent();
      CHECK(stores.Write("SELECT count(*) FROM write.judgements") == "45");
    }
  }

  TEST_CASE("a projection that crashes at any step applies every judgement once") {
    for (const std::string step :
         {"claimed", "before read commit", "after read commit", "before write commit", "after write commit"}) {
      CAPTURE(step);
      const Judged stores;
      JobClient client(stores);
      (void)client.JudgeAgain(2, true);
      RunnerUnderTest(stores).RunUntilIdle();
      int crashes = 0;
      for (int attempt = 0; attempt < 3; ++attempt) {
        try {
          stores.Project([&](std::string_view reached) {
            if (reached != step || crashes == 2) return;
            ++crashes;
            throw Crash();
          });
        } catch (const Crash&) {
        }
        stores.AddPurchases(JudgingStores::kWeb, 1, 3);
      }
      CHECK(crashes == 2);
      stores.Project();
      stores.CheckConsistent();
      CHECK(stores.CountOf("schema_version = 2") == "45");
    }
  }

  TEST_CASE("a runner that was believed dead changes nothing when it wakes") {
    const Judged stores;
    JobClient client(stores);
    const auto job = client.JudgeAgain(2, true);
    std::promise<void> reached, open;
    bool passed = false;
    RunnerUnderTest sleeper(stores, [&](std::string_view step) {
      if (step != "after judgement commit" || passed) return;
      passed = true;
      reached.set_value();
      open.get_future().wait();
    });
    std::jthread thread([&] { CHECK(sleeper.runner.RunOnce({}).ok()); });
    reached.get_future().wait();
    ForgetRunners(stores);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(client.Get(job).state == JobState::kSucceeded);
    open.set_value();
    thread.join();
    CHECK(sleeper.log.Count("was taken over") == 1);
    CHECK(client.Get(job).verdicts_changed == 45);
    CHECK(stores.Write("SELECT count(*) FROM write.judgements") == "45");
    CHECK(stores.Write("SELECT count(*) FROM write.audit_log WHERE action = 'events.judged_again'") == "1");
    stores.Project();
    stores.CheckConsistent();
  }

  TEST_CASE("a cancelled job has changed what it tells, and no more") {
    const Judged stores;
    JobClient client(stores);
    const auto job = client.JudgeAgain(2, true);
    RunnerUnderTest runner(stores, [&](std::string_view step) {
      if (step == "after judgement commit") (void)client.jobs.Cancel(job.partner, job.id, test::kAda);
    });
    runner.RunUntilIdle();
    stores.Project();
    const auto done = client.Get(job);
    CHECK(done.state == JobState::kCancelled);
    CHECK(done.verdicts_changed == 20);
    CHECK(done.report->tally.events() == 20);
    CHECK(stores.CountOf("schema_version = 2") == "20");
    CHECK(stores.Write(
              "SELECT details->>'verdictsChanged' FROM write.audit_log WHERE action = 'events.judged_again'") == "20");
    stores.CheckConsistent();
  }

  TEST_CASE("the newest judgement stays, whatever the order in which the batches arrive") {
    const Judged stores;
    JobClient client(stores);
    (void)client.JudgeAgain(2, true);
    (void)client.JudgeAgain(3, true);
    (void)client.JudgeAgain(2, true);
    RunnerUnderTest(stores).RunUntilIdle();
    const auto last = stores.Write("SELECT max(batch_id) FROM write.batches");
    // The batches that somebody holds are passed over.
    for (auto hold = std::stoi(last) - 1; hold >= 3; --hold) {
      infrastructure::PqConnection holder(stores.write_dsn());
      (void)holder.Execute(
          ("BEGIN; SELECT FROM write.outbox WHERE batch_id <= " + std::to_string(hold) + " FOR UPDATE").c_str());
      stores.Project();
      CHECK(stores.Read("SELECT min(batch_id) FROM read.projected_batches WHERE batch_id > 3") ==
            std::to_string(hold + 1));
    }
    stores.Project();
    stores.CheckConsistent();
    CHECK(stores.CountOf("schema_version = 2") == "45");
    CHECK(stores.Write("SELECT count(*) FROM write.judgements") == "135");
  }

  TEST_CASE("two projections that meet at the same events count what each of them changed") {
    const Judged stores;
    JobClient client(stores);
    (void)client.JudgeAgain(2, true);
    RunnerUnderTest(stores).RunUntilIdle();
    const auto first = stores.Write("SELECT max(batch_id) FROM write.batches");
    (void)client.JudgeAgain(3, true);
    RunnerUnderTest(stores).RunUntilIdle();

    std::promise<void> reached, open;
    bool passed = false;
    std::jthread slow;
    {
      infrastructure::PqConnection holder(stores.write_dsn());
      (void)holder.Execute(("BEGIN; SELECT FROM write.outbox WHERE batch_id > " + first + " FOR UPDATE").c_str());
      slow = std::jthread([&] {
        stores.Project([&](std::string_view step) {
          if (step != "before read commit" || passed) return;
          passed = true;
          reached.set_value();
          open.get_future().wait();
        });
      });
      reached.get_future().wait();
    }
    std::jthread fast([&] { stores.Project(); });
    test::WaitUntil("the second waits for the first",
                    [&] { return stores.Read("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"; });
    open.set_value();
    slow.join();
    fast.join();
    stores.Project();
    stores.CheckConsistent();
    CHECK(stores.CountOf("schema_version = 3") == "45");
  }

  TEST_CASE("a read store that is built anew from the ledger gets the verdicts that stand") {
    const Judged stores;
    JobClient client(stores);
    (void)client.JudgeAgain(2, true);
    (void)client.JudgeAgain(3, true, true);
    RunnerUnderTest(stores).RunUntilIdle();
    stores.Project();
    (void)stores.Read(
        "TRUNCATE read.tracking_events_read_model, read.projected_batches, read.count_additions, read.day_counts, "
        "read.user_sketches, read.hour_user_sketches");
    (void)stores.Write(
        "INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, event_count + judgement_count, "
        "byte_count FROM write.batches");
    {  // judgements before the events that they judge
      infrastructure::PqConnection holder(stores.write_dsn());
      (void)holder.Execute("BEGIN; SELECT FROM write.outbox WHERE batch_id <= 3 FOR UPDATE");
      stores.Project();
    }
    stores.Project();
    stores.CheckConsistent();
  }

  TEST_CASE("runners, projections and ingestion work at the same time, and the stores agree in the end") {
    const Judged stores;
    JobClient client(stores);
    for (const int version : {2, 3, 2, 3}) (void)client.JudgeAgain(version, true);
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] { RunnerUnderTest(stores, {}, 10).RunUntilIdle(); });
      }
      std::atomic<bool> over = false;
      std::vector<std::jthread> projections;
      for (int i = 0; i < 2; ++i) {
        projections.emplace_back([&] {
          while (!over) stores.Project();
        });
      }
      for (int i = 0; i < 20; ++i) stores.AddPurchases(JudgingStores::kWeb, -2, 30);
      threads.clear();
      over = true;
    }
    stores.Project();
    stores.CheckConsistent();
    CHECK(stores.Write("SELECT count(*) FROM write.background_jobs WHERE state <> 'succeeded'") == "0");
    CHECK(stores.Write("SELECT count(*) FROM write.tracking_events") == "720");
  }

  TEST_CASE("a projection that does not know of judgements sets them aside, and loses none") {
    const Judged stores;
    JobClient client(stores);
    (void)client.JudgeAgain(3, true);
    RunnerUnderTest(stores).RunUntilIdle();
    CHECK(stores.Write("SELECT bool_and(event_count > 0) FROM write.outbox") == "t");
    (void)stores.Write(
        "ALTER TABLE write.judgements RENAME TO elsewhere; CREATE TABLE write.judgements (LIKE write.elsewhere)");
    stores.Project();
    CHECK(stores.Write("SELECT count(*) FROM write.set_aside_batches") ==
          stores.Write("SELECT count(*) FROM write.batches WHERE kind = 'judgement'"));
    (void)stores.Write("DROP TABLE write.judgements; ALTER TABLE write.elsewhere RENAME TO judgements");
    REQUIRE(infrastructure::PostgresOutbox({stores.write_dsn()}).RetrySetAside().ok());
    stores.Project();
    stores.CheckConsistent();
  }
}
