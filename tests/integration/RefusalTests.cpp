#include "Infrastructure/Postgres/PqConnection.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

using namespace volcanion;
using test::HttpClient;
using test::JsonString;
using test::RawResponse;
using test::Sql;
using test::TestService;
using test::TestStores;
using test::WaitUntil;

TEST_SUITE("Refusals") {
  TEST_CASE("what the server refuses before any route sees it can be read by pages, and traced") {
    TestStores stores;
    TestService service(
        stores, {.sync = false, .configure = [](auto& settings) { settings.cors_origins = {"https://shop.example"}; }});
    const HttpClient::Headers from_page = {{"Origin", "https://shop.example"}, {"X-Correlation-ID", "trace-1"}};
    auto packed_otherwise = from_page;
    packed_otherwise.emplace_back("Content-Encoding", "br");
    const std::string too_large(4'194'305, 'x');
    for (const auto& [status, answer] :
         {std::pair{413, HttpClient(service.port()).Post("/api/events/ingest", too_large, from_page)},
          std::pair{415, HttpClient(service.port()).Post("/api/events/ingest", "x", packed_otherwise)}}) {
      CHECK(answer.status == status);
      CHECK(answer.Header("X-Correlation-ID") == "trace-1");
      CHECK(JsonString(answer.body, "correlationId") == "trace-1");
      CHECK(answer.Header("Access-Control-Allow-Origin") == "https://shop.example");
      CHECK(answer.Header("Content-Type") == "application/problem+json");
    }
  }

  TEST_CASE("a body is unpacked only for those who are known") {
    TestStores stores;
    TestService service(stores, {.sync = false});
    const auto sender = service.NewSender();
    const auto post = [&](const std::string& key) {
      return HttpClient(service.port())
          .Post("/api/events/ingest", "no gzip", {{"X-API-Key", key}, {"Content-Encoding", "gzip"}})
          .status;
    };
    CHECK(post(sender.key) == 400);
    CHECK(post("unknown") == 401);
  }

  TEST_CASE("events that could not be stored do not count against the rate, and the answer says what is left") {
    TestStores stores;
    TestService service(stores, {.sync = false, .configure = [](auto& settings) {
                                   settings.committers = 1;
                                   settings.max_commit_wait = std::chrono::milliseconds(500);
                                 }});
    auto slow = service.NewSender();
    const auto made = service.Post("/api/partners/" + slow.partner_id + "/systems",
                                   R"({"name":"slow","rateLimit":{"eventsPerSecond":1,"burst":2}})");
    slow.system_id = JsonString(made.body, "partnerSystemId");
    slow.key = JsonString(service.Post("/api/systems/" + slow.system_id + "/keys", R"({"name":"k"})").body, "key");
    infrastructure::PqConnection blocker(stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.outbox IN ACCESS EXCLUSIVE MODE");
    for (int i = 0; i < 4; ++i) {
      const auto refused = service.Ingest(slow, R"({"eventName":"e"})");
      CHECK(refused.status == 503);
      CHECK(refused.Header("Retry-After") == "1");
      CHECK(refused.Header("RateLimit-Limit") == "2");
    }
    (void)blocker.Execute("ROLLBACK");
    WaitUntil("the committer is free", [&] { return service.Ingest(slow, R"({"eventName":"e"})").status == 202; });
  }

  TEST_CASE("an unknown key gets an answer also while the write store does not give one") {
    TestStores stores;
    TestService service(stores, {.sync = false});
    infrastructure::PqConnection blocker(stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.directory_revision IN ACCESS EXCLUSIVE MODE");
    RawResponse answer;
    std::thread asking([&] {
      HttpClient client(service.port(), {.timeout = std::chrono::seconds(30)});
      answer = client.Post("/api/events/ingest", R"({"eventName":"e"})", {{"X-API-Key", "unknown"}});
    });
    asking.join();
    CHECK(answer.status == 503);
    (void)blocker.Execute("ROLLBACK");
  }
}
