#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

TEST_SUITE("who gets in") {
  TEST_CASE("only a good key opens ingestion, in any of its three places") {
    Api api;
    HttpClient client(api.service.port());
    const std::string event = R"({"eventName":"e"})";
    const auto with = [&](const HttpClient::Headers& headers) {
      return client.Post("/api/events/ingest", event, headers);
    };
    CHECK(with({{"X-API-Key", api.sender.key}}).status == 202);
    CHECK(with({{"Authorization", "Bearer " + api.sender.key}}).status == 202);
    const auto none = with({});
    CHECK(none.status == 401);
    CHECK(none.Header("WWW-Authenticate") == "Bearer");
    CHECK(Has(none.body, "Authorization: Basic"));
    CHECK(with({{"X-API-Key", "vk_live_wrong"}}).status == 401);
    CHECK(with({{"X-API-Key", ""}}).status == 401);
    CHECK(with(api.service.AsAdmin()).status == 403);
    CHECK(client.Get("/api/events/partner-system/" + api.sender.system_id, {{"X-API-Key", api.sender.key}}).status ==
          403);
    CHECK(client.Get("/api/events/partner-system/" + api.sender.system_id).status == 401);
    (void)api.Ask("UPDATE write.api_keys SET revoked_at = now()");
    WaitUntil("the revoked key is refused", [&] { return with({{"X-API-Key", api.sender.key}}).status == 401; });
  }

  TEST_CASE("a key that another process has just issued is good at once") {
    Api api;
    const TestService other(api.stores, {.sync = false, .configure = [](auto& settings) {
                                           settings.directory_poll = std::chrono::hours(1);
                                         }});
    const auto sender = api.service.NewSender();
    CHECK(HttpClient(other.port())
              .Post("/api/events/ingest", R"({"eventName":"e"})", {{"X-API-Key", sender.key}})
              .status == 202);
  }

  TEST_CASE("expired keys and keys of deactivated partners are refused") {
    Api api;
    HttpClient client(api.service.port());
    (void)api.Ask("UPDATE write.api_keys SET expires_at = now() + interval '1 hour'");
    CHECK(api.Ingest(R"({"eventName":"e"})").status == 202);
    (void)api.Ask("UPDATE write.api_keys SET expires_at = now() - interval '1 second'");
    WaitUntil("the expired key is refused", [&] { return api.Ingest(R"({"eventName":"e"})").status == 401; });
    const auto other = api.service.NewSender();
    (void)api.Ask("UPDATE write.partners SET is_active = false");
    WaitUntil("the partner's keys stop",
              [&] { return api.service.Ingest(other, R"({"eventName":"e"})").status == 401; });
  }

  TEST_CASE("many who use a key at once that was just issued elsewhere are all let in") {
    Api api;
    const TestService other(api.stores, {.sync = false, .configure = [](auto& settings) {
                                           settings.directory_poll = std::chrono::hours(1);
                                         }});
    const auto sender = api.service.NewSender();
    std::atomic<int> accepted = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 20; ++i) {
      clients.emplace_back([&] {
        HttpClient client(other.port());
        if (client.Post("/api/events/ingest", R"({"eventName":"e"})", {{"X-API-Key", sender.key}}).status == 202)
          ++accepted;
      });
    }
    for (auto& client : clients) client.join();
    CHECK(accepted == 20);
  }
}
