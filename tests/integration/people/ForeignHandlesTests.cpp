#include "tests/integration/ApiFixture.h"
#include "tests/support/RedisServer.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

/// A partner with two of everything, and its admin.
struct Tenant {
  TestSender sender;
  std::string position;  ///< of its last event
  HttpClient::Headers as_admin;
};

const HttpClient::Headers kSame = {{"X-Correlation-ID", "same"}};

/// Two partners that are alike but for their ids.
struct Neighbours {
  explicit Neighbours(const std::function<void(infrastructure::Settings&)>& configure = {})
      : service(stores, {.configure = configure}), ours(Make("ours")), theirs(Make("theirs")) {}

  Tenant Make(const std::string& name) {
    Tenant tenant{service.NewSender(), "", {}};
    const auto& sender = tenant.sender;
    const auto partner = "/api/partners/" + sender.partner_id;
    for (const auto* event : {"view", "click"}) {
      const auto answer = service.Ingest(sender, R"({"eventId":")" + std::string(event) + R"(","eventName":")" + event +
                                                     R"(","userId":"u","properties":{"secretOf":")" + name + "\"}}");
      REQUIRE(answer.status == 202);
      REQUIRE(Has(answer.body, R"("status":"stored")"));
      tenant.position = JsonString(answer.body, "position");
    }
    (void)service.WaitForEvents(sender, 2);
    REQUIRE(service.Post(partner + "/systems", R"({"name":"app"})").status == 201);
    REQUIRE(service.Post("/api/systems/" + sender.system_id + "/keys", R"({"name":"second"})").status == 201);
    for (const auto* structure : {"a", "b"}) {
      REQUIRE(service.Post(partner + "/structures", R"({"schema":{},"eventName":")" + std::string(structure) + "\"}")
                  .status == 201);
      REQUIRE(service.Post(partner + "/structures/a/versions/1/impact", "{}").status == 202);
      REQUIRE(service.Post(partner + "/tokens", R"({"name":"ci","scopes":["events:read"]})").status == 201);
    }
    service.NewMember(sender.partner_id, "admin@" + name + ".example", "admin");
    service.NewMember(sender.partner_id, "analyst@" + name + ".example", "analyst");
    tenant.as_admin = TestService::As(JsonString(service.LogIn("admin@" + name + ".example").body, "accessToken"));
    return tenant;
  }

  RawResponse As(const Tenant& tenant, const std::string& path, HttpClient::Headers more = {}) {
    auto headers = tenant.as_admin;
    headers.insert(headers.end(), more.begin(), more.end());
    return HttpClient(service.port()).Get(path, headers);
  }

  TestStores stores;
  TestService service;
  Tenant ours, theirs;
};

/// Every list that has pages.
std::vector<std::string> ListsOf(const TestSender& sender) {
  const auto partner = "/api/partners/" + sender.partner_id;
  const auto events = "/api/events/partner/" + sender.partner_id;
  return {events,
          events + "/users/u/timeline",
          "/api/events/partner-system/" + sender.system_id,
          "/api/systems/" + sender.system_id + "/keys",
          partner + "/systems",
          partner + "/structures",
          partner + "/members",
          partner + "/tokens",
          partner + "/audit",
          partner + "/jobs",
          partner + "/unknown-events"};
}

}  // namespace

TEST_SUITE("what one partner was given is useless to another") {
  TEST_CASE("another partner's cursor is refused as one that was made up is") {
    Neighbours api;
    const auto ours = ListsOf(api.ours.sender), theirs = ListsOf(api.theirs.sender);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      CAPTURE(ours[i]);
      const auto cursor = JsonString(api.As(api.theirs, theirs[i] + "?limit=1").body, "nextCursor");
      REQUIRE_FALSE(cursor.empty());
      CHECK(api.As(api.theirs, theirs[i] + "?limit=1&cursor=" + cursor).status == 200);
      const auto refused = api.As(api.ours, ours[i] + "?limit=1&cursor=" + cursor, kSame);
      const auto made_up = api.As(api.ours, ours[i] + "?limit=1&cursor=bWFkZSB1cA", kSame);
      CHECK(refused.status == 422);
      CHECK(refused.body == made_up.body);
      CHECK(api.As(api.ours, theirs[i] + "?limit=1&cursor=" + cursor).status == 404);
    }
  }

  TEST_CASE("another partner's ETag neither lets a change through nor says that nothing has changed") {
    Neighbours api;
    const auto things = [](const TestSender& sender) {
      return std::vector<std::string>{"/api/partners/" + sender.partner_id, "/api/systems/" + sender.system_id,
                                      "/api/partners/" + sender.partner_id + "/structures/a/versions/1"};
    };
    const auto ours = things(api.ours.sender), theirs = things(api.theirs.sender);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      CAPTURE(ours[i]);
      const auto tag = api.As(api.theirs, theirs[i]).Header("ETag").value();
      const std::string change =
          i == 2 ? R"({"state":"retired","override":{"reason":"test"}})" : R"({"name":"another"})";
      CHECK(api.service.Send("PATCH", ours[i], change, {{"If-Match", tag}}).status == 412);
      CHECK(api.As(api.ours, ours[i], {{"If-None-Match", tag}}).status == 200);
      CHECK(api.As(api.ours, theirs[i], {{"If-None-Match", tag}}).status == 404);
      const auto own = api.As(api.ours, ours[i]).Header("ETag").value();
      CHECK(api.As(api.ours, ours[i], {{"If-None-Match", own}}).status == 304);
      CHECK(api.service.Send("PATCH", ours[i], change, {{"If-Match", own}}).status == 200);
      CHECK(api.As(api.ours, ours[i], {{"If-None-Match", own}}).status == 200);
    }
    for (const std::string more : {"", "?eventName=none"}) {  // an empty page is the same text for both
      const auto tag = api.As(api.theirs, ListsOf(api.theirs.sender)[0] + more).Header("ETag").value();
      CHECK(api.As(api.theirs, ListsOf(api.theirs.sender)[0] + more, {{"If-None-Match", tag}}).status == 304);
      CHECK(api.As(api.ours, ListsOf(api.ours.sender)[0] + more, {{"If-None-Match", tag}}).status == 200);
      CHECK(api.As(api.ours, ListsOf(api.theirs.sender)[0] + more, {{"If-None-Match", tag}}).status == 404);
    }
  }

  TEST_CASE("another partner's event id is one that nobody has") {
    Neighbours api;
    const auto page = api.As(api.theirs, ListsOf(api.theirs.sender)[0]).body;
    const auto id = JsonString(page, "trackingEventId");
    for (const std::string more : {"", "/verdicts"}) {
      const auto refused = api.As(api.ours, "/api/events/" + id + more, kSame);
      const auto missing = api.As(api.ours, "/api/events/01a1f8b5-2daa-7540-afa2-97ece2294f56" + more, kSame);
      CHECK(refused.status == 404);
      CHECK(refused.body == missing.body);
      CHECK(api.As(api.theirs, "/api/events/" + id + more).status == 200);
    }
    // Both have sent events that they call "view" and "click": neither was a repetition or a conflict.
    CHECK(Sql(api.stores.write_dsn(), "SELECT count(*) FROM write.tracking_events") == "4");
    CHECK(Has(api.service.Ingest(api.ours.sender, R"({"eventId":")" + id + R"(","eventName":"e"})").body,
              R"("status":"stored")"));
  }

  TEST_CASE("another partner's key, job, member and token, under our own path, are ones that nobody has") {
    Neighbours api;
    const auto paths = [](const TestSender& sender) {
      const auto partner = "/api/partners/" + sender.partner_id;
      return std::vector<std::pair<std::string, std::string>>{
          {"/api/systems/" + sender.system_id + "/keys/", "apiKeyId"},
          {partner + "/jobs/", "jobId"},
          {partner + "/members/", "memberId"},
          {partner + "/tokens/", "serviceTokenId"}};
    };
    const auto ask = [&](const std::string& method, const std::string& path) {
      auto headers = api.ours.as_admin;
      headers.insert(headers.end(), kSame.begin(), kSame.end());
      const bool has_body = method == "POST" || method == "PATCH";
      const std::string body = method == "PATCH" ? R"({"role":"analyst"})" : R"({"overlapSeconds":0})";
      return HttpClient(api.service.port()).Send(method, path, has_body ? body : "", headers);
    };
    const auto ours = paths(api.ours.sender), theirs = paths(api.theirs.sender);
    const std::vector<std::vector<std::string>> methods = {
        {"DELETE", "POST"}, {"GET", "DELETE"}, {"GET", "PATCH", "DELETE"}, {"DELETE"}};
    const auto before = api.service.Get("/api/partners/" + api.theirs.sender.partner_id + "/audit").body;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const auto& [path, name] = theirs[i];
      const auto id = JsonString(api.As(api.theirs, path.substr(0, path.size() - 1)).body, name);
      REQUIRE(id.size() == 36);
      for (const auto& method : methods[i]) {
        const std::string more = method == "POST" ? "/rotate" : "";
        CAPTURE(method);
        CAPTURE(ours[i].first);
        const auto refused = ask(method, ours[i].first + id + more);
        const auto missing = ask(method, ours[i].first + "01a1f8b5-2daa-7540-afa2-97ece2294f56" + more);
        CHECK(refused.status == 404);
        CHECK(refused.body == missing.body);
      }
    }
    CHECK(api.service.Get("/api/partners/" + api.theirs.sender.partner_id + "/audit").body == before);
  }

  TEST_CASE("another partner's position says when to read, and nothing of what was sent") {
    Neighbours api;  // theirs were sent last
    const auto path = ListsOf(api.ours.sender)[0];
    const auto before = api.As(api.ours, path);
    const auto at_theirs = api.As(api.ours, path + "?minPosition=" + api.theirs.position + "&waitSeconds=10");
    CHECK(at_theirs.status == 200);
    CHECK(at_theirs.Header("ETag") == before.Header("ETag"));  // of everything but asOf
    CHECK(Has(at_theirs.body, R"("secretOf":"ours")"));
    CHECK_FALSE(Has(at_theirs.body, R"("secretOf":"theirs")"));
    const auto ahead = api.As(api.ours, path + "?minPosition=999999999&waitSeconds=0");
    CHECK(ahead.status == 504);
    CHECK(ahead.Header("ETag") == before.Header("ETag"));
  }

  TEST_CASE("an answer that is kept for one partner is given to no other, in memory or in a Redis") {
    RedisServer redis;
    const auto check = [](Neighbours& api) {
      for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < 3; ++i) {
          const auto ours = ListsOf(api.ours.sender)[i], theirs = ListsOf(api.theirs.sender)[i];
          CAPTURE(ours);
          const auto of_theirs = api.As(api.theirs, theirs), of_ours = api.As(api.ours, ours);
          CHECK(Has(of_theirs.body, R"("secretOf":"theirs")"));
          CHECK_FALSE(Has(of_theirs.body, R"("secretOf":"ours")"));
          CHECK(Has(of_ours.body, R"("secretOf":"ours")"));
          CHECK_FALSE(Has(of_ours.body, R"("secretOf":"theirs")"));
          CHECK(api.As(api.ours, theirs).status == 404);  // it is kept now
        }
      }
      const auto metrics = HttpClient(api.service.admin_port()).Get("/metrics").body;
      CHECK_FALSE(Has(metrics, "volcanion_cache_lookups_total{outcome=\"hit\"} 0\n"));
      CHECK(Has(metrics, "volcanion_cache_lookups_total{outcome=\"hit\"} "));
    };
    Neighbours in_memory;
    check(in_memory);
    Neighbours in_redis([&](infrastructure::Settings& settings) { settings.redis_url = redis.url(); });
    check(in_redis);
  }
}
