#include "Infrastructure/PostgresServer/PrivateCluster.h"
#include "tests/support/HttpClient.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/processes/Load.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/StoredEvents.h"
#include "tests/support/processes/TemporaryDirectory.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using volcanion::infrastructure::PrivateCluster;
using volcanion::infrastructure::PrivateClusterSettings;
using namespace volcanion::test;
using namespace volcanion::test::processes;

}  // namespace

TEST_CASE("when PostgreSQL crashes under load API and sync go on by themselves, and what was acknowledged is stored") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  Service sync("sync", shop.environment());
  std::atomic<std::uint16_t> port = api->port();
  Load load(port, 8);
  const auto ask = [&](const std::string& query) -> std::string {
    try {
      return shop.Written(query);
    } catch (const std::runtime_error&) {
      return "";  // it is recovering
    }
  };
  for (int round = 0; round < 10; ++round) {
    load.WaitForMore(1'000);
    // The end of one of its processes by a signal is a crash of the whole server, which ends every session and
    // recovers.
    std::string session;
    WaitUntil("there is a session", [&] {
      session =
          ask("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "
              "AND pid <> pg_backend_pid() ORDER BY xact_start NULLS LAST LIMIT 1");
      return session != "";
    });
    REQUIRE(kill(std::stoi(session), SIGKILL) == 0);
    WaitUntil("the crash is over",
              [&] { return ask("SELECT count(*) FROM pg_stat_activity WHERE pid = " + session) == "0"; });
  }
  load.WaitForMore(1'000);
  load.Stop();
  CHECK(api->process().IsRunning());
  CheckEverythingAcknowledgedIsStored(load, shop);
  WaitUntil("the outbox is empty", [&] { return shop.Written("SELECT count(*) FROM write.outbox") == "0"; });
  CHECK(shop.Read("SELECT count(*) FROM read.tracking_events_read_model") ==
        shop.Written("SELECT count(*) FROM write.tracking_events"));
}

TEST_CASE("an API process starts without PostgreSQL, refuses for the time being, and serves once it is there") {
  const TemporaryDirectory directory;
  PrivateClusterSettings settings;
  settings.directory = directory.path();
  settings.shared_buffers_mb = 32;
  PrivateCluster cluster(std::move(settings));
  cluster.Start();
  cluster.CreateDatabaseIfMissing("one");
  cluster.CreateDatabaseIfMissing("two");
  auto environment = EnvironmentFor(cluster.ConnectionString("one"), cluster.ConnectionString("two"));
  environment["VOLCANION_MAX_COMMIT_WAIT_MS"] = "300";
  REQUIRE(Run(Volcanion({"migrate"}, environment)).status == 0);
  AddShop(cluster.ConnectionString("one"));
  cluster.Stop();

  Service api("api", environment);
  Service sync("sync", environment);
  HttpClient client(api.port(), {.timeout = 20s});
  const auto path = std::string("/api/events/partner-system/") + kSystem;
  const HttpClient::Headers past_the_cache = {kAsAdministrator.front(), {"Cache-Control", "no-cache"}};
  int number = 0;
  const auto send = [&] {
    return client.Post("/api/events/ingest",
                       R"({"eventId":")" + std::to_string(++number) + R"(","eventName":"purchase"})", kAsShop);
  };
  const auto expect_refusal = [](const RawResponse& answer) {
    CHECK_MESSAGE(answer.status == 503, answer.body);
    CHECK(answer.Header("Retry-After").has_value());
    CHECK(answer.Header("Content-Type").value_or("") == "application/problem+json");
  };
  const auto expect_away = [&] {
    CHECK(api.Readiness().status == 503);
    CHECK(Contains(api.Readiness().body, "\"writeStore\":{\"status\":\"down\""));
    for (int i = 0; i < 5; ++i) {
      expect_refusal(send());
      expect_refusal(client.Get(path, past_the_cache));
    }
    CHECK(api.process().IsRunning());
    CHECK(sync.process().IsRunning());
  };
  const auto expect_service = [&] {
    std::set<int> statuses;
    WaitUntil(
        "events are taken", [&] { return *statuses.insert(send().status).first == 202; }, 5s);
    statuses.erase(202);
    CHECK((statuses.empty() || statuses == std::set{503}));
    WaitUntil(
        "the event can be read",
        [&] {
          return Contains(client.Get(path, kAsAdministrator).body, "\"eventId\":\"" + std::to_string(number) + "\"");
        },
        5s);
    WaitUntil(
        "the API is ready", [&] { return api.Readiness().status == 200; }, 5s);
    WaitUntil(
        "sync is ready", [&] { return sync.Readiness().status == 200; }, 5s);
  };

  expect_away();
  cluster.Start();
  expect_service();
  cluster.Stop();
  expect_away();
  cluster.Start();
  expect_service();
}
