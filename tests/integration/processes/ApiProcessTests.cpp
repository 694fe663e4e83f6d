#include "tests/support/HttpClient.h"
#include "tests/support/processes/Load.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/StoredEvents.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace volcanion::test;
using namespace volcanion::test::processes;

/// 64 clients on two API processes that post at the same moment, round after round.
class Crowd {
 public:
  static constexpr int kClients = 64;
  using Answers = std::vector<RawResponse>;

  /// `body_of(round, client)`; the answers by round and client.
  static std::vector<Answers> Post(std::array<std::uint16_t, 2> ports, int rounds,
                                   const std::function<std::string(int, int)>& body_of) {
    std::vector<Answers> answers(static_cast<std::size_t>(rounds), Answers(kClients));
    std::barrier together(kClients);
    std::vector<std::jthread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        HttpClient connection(ports[static_cast<std::size_t>(client % 2)], {.timeout = 20s});
        for (int round = 0; round < rounds; ++round) {
          const auto body = body_of(round, client);
          together.arrive_and_wait();
          auto& answer = answers[static_cast<std::size_t>(round)][static_cast<std::size_t>(client)];
          try {
            answer = connection.Post("/api/events/ingest", body, kAsShop);
          } catch (const std::runtime_error& error) {
            answer.body = error.what();  // the status stays 0
          }
        }
      });
    }
    clients.clear();
    return answers;
  }
};

}  // namespace

TEST_CASE(
    "an event that 64 clients send at once through two processes is stored once, and all of them are told the same") {
  const Shop shop;
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  constexpr int kRounds = 10;
  const auto rounds = Crowd::Post({one->port(), other->port()}, kRounds, [](int round, int) {
    return R"({"eventId":"same-)" + std::to_string(round) + R"(","eventName":"purchase","properties":{"amount":-1}})";
  });
  for (const auto& answers : rounds) {
    std::set<std::string> verdicts;
    int stored = 0, duplicates = 0;
    for (const auto& answer : answers) {
      CHECK(answer.status == 202);
      const auto status = Member(answer.body, "status");
      stored += status == "stored" ? 1 : 0;
      duplicates += status == "duplicate" ? 1 : 0;
      CHECK(Member(answer.body, "isValid") == "false");
      verdicts.insert(Member(answer.body, "position") + " " + Member(answer.body, "schemaVersion") + " " +
                      Member(answer.body, "validationErrors"));
    }
    CHECK(stored == 1);
    CHECK(duplicates == Crowd::kClients - 1);
    CHECK(verdicts.size() == 1);
    CHECK(Contains(*verdicts.begin(), "/amount"));
  }
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events") == std::to_string(kRounds));
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads") == "0");
  CheckLedger(shop);
}

TEST_CASE(
    "of 64 contents that are sent at once under one id through two processes, one is stored and the others conflict") {
  const Shop shop;
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  constexpr int kRounds = 10;
  const auto rounds = Crowd::Post({one->port(), other->port()}, kRounds, [](int round, int client) {
    return R"({"eventId":"same-)" + std::to_string(round) + R"(","eventName":"purchase","properties":{"amount":)" +
           std::to_string(client) + "}}";
  });
  for (int round = 0; round < kRounds; ++round) {
    int stored = 0, conflicts = 0, winner = -1;
    for (int client = 0; client < Crowd::kClients; ++client) {
      const auto& answer = rounds[static_cast<std::size_t>(round)][static_cast<std::size_t>(client)];
      if (answer.status == 202 && Member(answer.body, "status") == "stored") {
        ++stored;
        winner = client;
      }
      conflicts += answer.status == 409 ? 1 : 0;
    }
    CHECK(stored == 1);
    CHECK(conflicts == Crowd::kClients - 1);
    CHECK(shop.Written("SELECT properties::text FROM write.tracking_events WHERE event_id = 'same-" +
                       std::to_string(round) + "'") == R"({"amount":)" + std::to_string(winner) + "}");
  }
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events") == std::to_string(kRounds));
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads") ==
        std::to_string(kRounds * (Crowd::kClients - 1)));
  CheckLedger(shop);
}

TEST_CASE("what an API process acknowledged before kill -9 is stored, once and unaltered") {
  const Shop shop;
  std::atomic<std::uint16_t> port = 0;
  std::unique_ptr<Service> api;
  Load load(port, 8);
  for (int round = 0; round < 20; ++round) {
    api = StartApi(shop.environment());
    port = api->port();
    load.WaitForMore(1'000);
    api->process().Kill();
  }
  load.Stop();
  WaitForSessionsToEnd(shop.write());
  CheckEverythingAcknowledgedIsStored(load, shop);
}

TEST_CASE("SIGTERM under load ends an API process with status 0 after it has answered everything that it has stored") {
  const Shop shop;
  std::atomic<std::uint16_t> port = 0;
  std::unique_ptr<Service> api;
  Load load(port, 8);
  for (int round = 0; round < 20; ++round) {
    api = StartApi(shop.environment());
    port = api->port();
    load.WaitForMore(500);
    api->process().Signal(SIGTERM);
    CHECK(api->process().Wait(15s) == 0);
  }
  load.Stop();
  CHECK(load.half_answers() == 0);
  CheckEverythingAcknowledgedIsStored(load, shop);
  CHECK(CompareWithStore(load.sent(), shop.write()).unacknowledged == 0);
}

TEST_CASE("SIGTERM turns readiness off first; the listener closes after the delay that a balancer needs") {
  const Shop shop;
  auto environment = shop.environment();
  environment["VOLCANION_DRAIN_DELAY_MS"] = "1000";
  const auto api = StartApi(environment);
  HttpClient client(api->port());
  api->process().Signal(SIGTERM);
  WaitUntil("readiness is off", [&] { return api->Readiness().status == 503; });
  CHECK(Contains(api->Readiness().body, "the process is stopping"));
  const auto answer = client.Post("/api/events/ingest", R"({"eventId":"late","eventName":"purchase"})", kAsShop);
  CHECK(answer.status == 202);
  CHECK(api->process().Wait(15s) == 0);
  CHECK_THROWS(RawClient(api->port()));
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events WHERE event_id = 'late'") == "1");
}

TEST_CASE("the address that a proxy names is believed from the configured proxies alone") {
  const Shop shop;
  auto environment = shop.environment();
  const auto direct = StartApi(environment);
  environment["VOLCANION_TRUSTED_PROXIES"] = "127.0.0.0/8";
  const auto behind_proxy = StartApi(environment);
  const std::string named = R"("clientAddress":"198.51.100.7")";
  for (const auto& [header, value] : {std::pair{"Forwarded", "for=198.51.100.7;proto=https"},
                                      std::pair{"X-Forwarded-For", "203.0.113.9, 198.51.100.7"}}) {
    const std::string path = "/nowhere";
    const HttpClient::Headers headers = {{header, value}, {"X-Correlation-ID", header}};
    const auto id = R"("correlationId":")" + std::string(header) + '"';
    HttpClient(behind_proxy->port()).Get(path, headers);
    CHECK(Contains(behind_proxy->process().WaitForLine(id), named));
    HttpClient(direct->port()).Get(path, headers);
    CHECK(Contains(direct->process().WaitForLine(id), R"("clientAddress":"127.0.0.1")"));
  }
}
