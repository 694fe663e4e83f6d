#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

/// The trackingEventIds of a page, in order.
std::vector<std::string> IdsOf(const std::string& page) {
  std::vector<std::string> ids;
  const std::string mark = "\"trackingEventId\":\"";
  for (auto at = page.find(mark); at != std::string::npos; at = page.find(mark, at + 1))
    ids.push_back(page.substr(at + mark.size(), 36));
  return ids;
}

}  // namespace

TEST_SUITE("reading") {
  TEST_CASE("pages reach every event once, in both orders, while new events arrive") {
    Api api;
    const auto ingest = [&](int from, int count) {
      std::string lines;
      for (int i = from; i < from + count; ++i) {
        // Many share a timestamp: the id breaks the tie.
        lines += R"({"eventId":")" + std::to_string(i) + R"(","eventName":"e","eventTimestamp":"2026-11-20T10:00:0)" +
                 std::to_string(i % 7) + "Z\"}\n";
      }
      CHECK(api.Batch(lines, "application/x-ndjson").status == 202);
    };
    ingest(0, 200);
    const auto before = IdsOf(api.service.WaitForEvents(api.sender, 200));
    const std::set<std::string> expected(before.begin(), before.end());
    for (const std::string order : {"desc", "asc"}) {
      std::vector<std::string> seen;
      std::string cursor;
      int round = 0;
      do {
        const auto page = api.List("?limit=17&order=" + order + (cursor.empty() ? "" : "&cursor=" + cursor));
        for (auto& id : IdsOf(page)) seen.push_back(std::move(id));
        cursor = JsonString(page, "nextCursor");
        if (++round == 5) {  // some before the cursor, some behind it
          ingest(order == "desc" ? 1'000 : 2'000, 50);
          (void)api.service.WaitForEvents(api.sender, order == "desc" ? 250 : 300);
        }
      } while (!cursor.empty());
      const std::set<std::string> distinct(seen.begin(), seen.end());
      CHECK(distinct.size() == seen.size());
      for (const auto& id : expected) CHECK(distinct.contains(id));
    }
  }

  TEST_CASE("who asks again and again is answered from memory, and yet sees what comes") {
    const TestStores stores;
    TestService service(
        stores, {.configure = [](auto& settings) { settings.cache_staleness = std::chrono::milliseconds(50); }});
    const auto sender = service.NewSender();
    const std::string events = "/api/events/partner", statistics = "/api/statistics/partner";
    const std::vector<std::string> questions = {
        events + "-system/" + sender.system_id, events + "/" + sender.partner_id,
        events + "/" + sender.partner_id + "/users/u1/timeline", statistics + "-system/" + sender.system_id,
        statistics + "/" + sender.partner_id};
    for (int number = 1; number <= 3; ++number) {
      const auto event = R"({"userId":"u1","eventName":"n)" + std::to_string(number) + "\"}";
      CHECK(service.Ingest(sender, event).status == 202);
      for (const auto& question : questions) {
        WaitUntil("the event is in the answer",
                  [&] { return Has(service.Get(question).body, "\"n" + std::to_string(number) + "\""); });
      }
    }
  }

  TEST_CASE("filters choose, together too, and a cursor belongs to its filters") {
    Api api;
    (void)api.service.Publish(api.sender, "purchase", kPurchase);
    for (
        const char* event :
        {R"({"eventName":"purchase","userId":"u1","eventTimestamp":"2026-01-01T00:00:00Z","properties":{"amount":1}})",
         R"({"eventName":"purchase","userId":"u2","eventTimestamp":"2026-01-02T00:00:00Z","properties":{"amount":-1}})",
         R"({"eventName":"view","anonymousId":"a1","eventTimestamp":"2026-01-03T00:00:00Z"})"}) {
      CHECK(api.Ingest(event).status == 202);
    }
    (void)api.service.WaitForEvents(api.sender, 3);
    const auto count = [&](const std::string& parameters) { return IdsOf(api.List(parameters)).size(); };
    CHECK(count("?eventName=purchase") == 2);
    CHECK(count("?userId=u1") == 1);
    CHECK(count("?anonymousId=a1") == 1);
    CHECK(count("?isValid=false") == 2);
    CHECK(count("?isValid=true&eventName=purchase") == 1);
    CHECK(count("?from=2026-01-02T00:00:00Z") == 2);
    CHECK(count("?to=2026-01-02T00:00:00Z") == 1);
    CHECK(count("?from=2026-01-01T12:00:00%2B00:00&to=2026-01-02T12:00:00Z&userId=u2") == 1);
    CHECK(count("?userId=nobody") == 0);
    CHECK(count("?userId=%00") == 0);
    const auto cursor = JsonString(api.List("?limit=1"), "nextCursor");
    REQUIRE_FALSE(cursor.empty());
    CHECK(Has(api.List("?limit=1&eventName=purchase&cursor=" + cursor), R"("code":"invalid_cursor")"));
    CHECK(Has(api.List("?limit=0"), R"("pointer":"/limit")"));
    CHECK(Has(api.List("?limit=1001"), R"("status":422)"));
    CHECK(Has(api.List("?order=up&colour=red&limit=1&limit=2"), R"("code":"unknown_parameter")"));
    CHECK(Has(api.List("?userId=%ff"), R"("status":400)"));
  }

  TEST_CASE("a partner's events are those of its systems, and of no other partner") {
    Api api;
    const auto other = api.service.NewSender();
    CHECK(api.Ingest(R"({"eventId":"mine","eventName":"e"})").status == 202);
    CHECK(api.service.Ingest(other, R"({"eventId":"theirs","eventName":"e"})").status == 202);
    const auto second =
        JsonString(api.service.Post("/api/partners/" + api.sender.partner_id + "/systems", R"({"name":"app"})").body,
                   "partnerSystemId");
    const auto key = JsonString(api.service.Post("/api/systems/" + second + "/keys", R"({"name":"test"})").body, "key");
    const TestSender app{api.sender.partner_id, second, key};
    CHECK(api.service.Ingest(app, R"({"eventId":"mine too","eventName":"e"})").status == 202);
    for (const auto& sender : {api.sender, other, app}) (void)api.service.WaitForEvents(sender, 1);
    const auto page = api.service.Get("/api/events/partner/" + api.sender.partner_id + "?order=asc").body;
    CHECK(IdsOf(page).size() == 2);
    CHECK(Has(page, R"("eventId":"mine")"));
    CHECK(Has(page, R"("eventId":"mine too")"));
    CHECK_FALSE(Has(page, "theirs"));
    const auto first = api.service.Get("/api/events/partner/" + api.sender.partner_id + "?limit=1").body;
    const auto cursor = JsonString(first, "nextCursor");
    CHECK(api.service.Get("/api/events/partner/" + api.sender.partner_id + "?limit=1&cursor=" + cursor).status == 200);
    CHECK(api.service.Get("/api/events/partner/" + other.partner_id + "?limit=1&cursor=" + cursor).status == 422);
    CHECK(api.service.Get("/api/events/partner/01a1f8b5-2daa-7540-afa2-97ece2294f56").status == 404);
    CHECK(api.service.Get("/api/events/partner/nonsense").status == 404);
  }

  TEST_CASE("a user's timeline is what the user did in all systems of the partner, page by page") {
    Api api;
    const auto other = api.service.NewSender();
    for (int i = 0; i < 6; ++i) {
      const auto event = [i](const std::string& user) {
        return R"({"eventName":"e)" + std::to_string(i % 2) + R"(","userId":")" + user +
               R"(","eventTimestamp":"2026-11-20T10:00:0)" + std::to_string(i) + "Z\"}";
      };
      CHECK(api.Ingest(event("a/b c")).status == 202);
      CHECK(api.Ingest(event("other")).status == 202);
      CHECK(api.service.Ingest(other, event("a/b c")).status == 202);
    }
    (void)api.service.WaitForEvents(api.sender, 12);
    (void)api.service.WaitForEvents(other, 6);
    const auto timeline = "/api/events/partner/" + api.sender.partner_id + "/users/a%2Fb%20c/timeline";
    std::vector<std::string> seen;
    std::string cursor;
    do {
      const auto page =
          api.service.Get(timeline + "?order=asc&limit=4" + (cursor.empty() ? "" : "&cursor=" + cursor)).body;
      for (auto& id : IdsOf(page)) seen.push_back(std::move(id));
      CHECK_FALSE(Has(page, R"("userId":"other")"));
      cursor = JsonString(page, "nextCursor");
    } while (!cursor.empty());
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == 6);
    CHECK(seen.size() == 6);
    CHECK(IdsOf(api.service.Get(timeline + "?eventName=e1").body).size() == 3);
    CHECK(api.service.Get(timeline + "?userId=other").status == 422);
    CHECK(
        IdsOf(api.service.Get("/api/events/partner/" + api.sender.partner_id + "/users/nobody/timeline").body).empty());
    CHECK(api.service.Get("/api/events/partner/" + api.sender.partner_id + "/users/%00/timeline").status == 200);
    CHECK(api.service.Get("/api/events/partner/" + api.sender.partner_id + "/users/%ff/timeline").status == 422);
  }

  TEST_CASE("properties, violations, verdicts and correlation ids are asked for by their parameters") {
    Api api;
    (void)api.service.Publish(api.sender, "purchase", kPurchase);
    const HttpClient::Headers headers = {{"X-API-Key", api.sender.key}, {"X-Correlation-ID", "chain-1"}};
    for (const char* event :
         {R"({"eventName":"purchase","properties":{"amount":100,"currency":"EUR","to":{"city":"Ulm"}}})",
          R"({"eventName":"purchase","properties":{"amount":12.50,"currency":"USD","a.b":[7]}})",
          R"({"eventName":"purchase","properties":{"amount":-1}})"}) {
      CHECK(HttpClient(api.service.port()).Post("/api/events/ingest", event, headers).status == 202);
    }
    (void)api.service.WaitForEvents(api.sender, 3);
    const auto count = [&](const std::string& parameters) {
      const auto page = api.List("?" + parameters);
      CAPTURE(page);
      CHECK(Has(page, "\"asOf\""));
      return IdsOf(page).size();
    };
    CHECK(count("property.currency=EUR") == 1);
    CHECK(count("property.currency!=EUR") == 2);
    CHECK(count("property.currency%21=EUR") == 2);
    CHECK(count("property.currency%21%3DEUR") == 2);
    CHECK(count("property.amount>=12.5") == 2);
    CHECK(count("property.amount%3E%3D100") == 1);
    CHECK(count("property.amount%3E=100") == 1);
    CHECK(count("property.amount>12.5") == 1);
    CHECK(count("property.amount%3C12.5") == 1);
    CHECK(count("property.amount<=12.5&property.amount>=0") == 1);
    CHECK(count("property.to.city=Ulm") == 1);
    CHECK(count("property./to/city=Ulm") == 1);
    CHECK(count("property./a.b/0=7") == 1);
    CHECK(count("violation.keyword=minimum") == 1);
    CHECK(count("violation.pointer=/amount&violation.keyword=enum") == 0);
    CHECK(count("verdict=invalid") == 1);
    CHECK(count("verdict=unjudged") == 0);
    CHECK(count("verdict=valid&property.currency=USD") == 1);
    CHECK(count("correlationId=chain-1") == 3);
    CHECK(count("correlationId=chain-2") == 0);
    CHECK(Has(api.List("?verdict=good"), R"("pointer":"/verdict")"));
    CHECK(Has(api.List("?property.=1"), R"("code":"wrong_name")"));
    CHECK(Has(api.List("?property.a..b=1"), R"("code":"wrong_name")"));
    CHECK(Has(api.List("?property./a~2=1"), R"("code":"wrong_name")"));
    CHECK(Has(api.List("?property.a=%00"), R"("code":"wrong_value")"));
    CHECK(Has(api.List("?property.a=1&property.a=2"), R"("code":"duplicate_parameter")"));
    std::string many = "?limit=1";
    for (int i = 0; i < 11; ++i) many += "&property.p" + std::to_string(i) + "=1";
    CHECK(Has(api.List(many), R"("code":"too_many")"));
  }

  TEST_CASE("every answer says how fresh it is") {
    Api api;
    const auto answer = api.Ingest(R"({"eventName":"e"})");
    const auto position = JsonString(answer.body, "position");
    (void)api.service.WaitForEvents(api.sender, 1);
    WaitUntil("the position is stated",
              [&] { return Has(api.List(""), R"("asOf":{"position":")" + position + R"(","lagSeconds":)"); });
  }

  TEST_CASE("an event is found by its id, and what does not exist is 404 in one form") {
    Api api;
    CHECK(api.Ingest(R"({"eventId":"e1","eventName":"e","properties":{"a":1}})").status == 202);
    const auto id = IdsOf(api.service.WaitForEvents(api.sender, 1)).front();
    const auto found = api.service.Get("/api/events/" + id);
    CHECK(found.status == 200);
    CHECK(Has(found.body, R"("eventId":"e1")"));
    CHECK(Has(found.body, R"("asOf":{)"));
    for (const std::string path :
         {"/api/events/01a1f8b5-2daa-7540-afa2-97ece2294f56", "/api/events/9f1a1f8b-2daa-4540-afa2-97ece2294f56",
          "/api/events/nonsense", "/api/events/partner-system/01a1f8b5-2daa-7540-afa2-97ece2294f56",
          "/api/events/partner-system/nonsense"}) {
      CAPTURE(path);
      CHECK(api.service.Get(path).status == 404);
    }
  }
}
