#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <future>
#include <set>
#include <string>
#include <vector>

using namespace volcanion;
using test::JsonString;
using test::RawResponse;
using test::Sql;
using test::TestService;
using test::TestStores;
using test::WaitUntil;

namespace {

constexpr char kAtMost1000[] = R"({"properties":{"amount":{"maximum":1000}}})";
constexpr char kAtMost100[] = R"({"properties":{"amount":{"maximum":100}}})";

bool Has(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

/// The values of a string member, of all items, in order.
std::vector<std::string> AllOf(const std::string& json, const std::string& name) {
  std::vector<std::string> values;
  const auto mark = "\"" + name + "\":\"";
  for (auto at = json.find(mark); at != std::string::npos; at = json.find(mark, at + 1)) {
    values.push_back(json.substr(at + mark.size(), json.find('"', at + mark.size()) - at - mark.size()));
  }
  return values;
}

struct Registry {
  TestStores stores;
  TestService service{stores};
  test::TestSender sender = service.NewSender();
  const std::string partner = "/api/partners/" + sender.partner_id;
  const std::string structures = partner + "/structures";

  std::string Version(int number, const std::string& event_name = "purchase") {
    return structures + "/" + event_name + "/versions/" + std::to_string(number);
  }
  RawResponse Publish(const std::string& schema, const std::string& more = R"(,"state":"active")") {
    return service.Post(structures, R"({"eventName":"purchase","schema":)" + schema + more + "}");
  }
  RawResponse Patch(const std::string& path, const std::string& body) { return service.Send("PATCH", path, body); }
  RawResponse Ingest(const std::string& event) { return service.Ingest(sender, event); }
};

}  // namespace

TEST_SUITE("structures") {
  TEST_CASE("a version goes from draft to active to retired, and is read as it is") {
    Registry api;
    const auto draft = api.Publish(kAtMost1000, "");
    CHECK(draft.status == 201);
    CHECK(draft.Header("ETag")->starts_with("\"1-"));
    CHECK(Has(draft.body, R"("partnerSystemId":null,"eventName":"purchase","version":1,"state":"draft","schema":)"));
    CHECK(Has(api.Ingest(R"({"eventName":"purchase"})").body, R"("schemaVersion":null)"));
    const auto active = api.Patch(api.Version(1), R"({"schema":{"minProperties":1},"state":"active"})");
    CHECK(active.status == 200);
    CHECK(Has(active.body, R"("state":"active","schema":{"minProperties":1},)"));
    CHECK(Has(active.body, R"("incompatibleChanges":[])"));
    CHECK(Has(api.Ingest(R"({"eventName":"purchase"})").body, R"("isValid":false,"schemaVersion":1)"));
    const auto read = api.service.Get(api.Version(1));
    CHECK(read.status == 200);
    CHECK(read.Header("ETag") == active.Header("ETag"));
    CHECK(JsonString(read.body, "activatedAt") == JsonString(active.body, "activatedAt"));
    CHECK(api.Patch(api.Version(1), R"({"schema":{}})").status == 409);
    CHECK(api.Patch(api.Version(1), R"({"state":"draft"})").status == 409);
    const auto last = api.Patch(api.Version(1), R"({"state":"retired"})");
    CHECK(last.status == 409);
    CHECK(Has(last.body, R"("errors":[{"pointer":"","code":"last_version_retired",)"));
    CHECK(Has(api.Ingest(R"({"eventName":"purchase"})").body, R"("schemaVersion":1)"));
    const auto retired = api.Patch(api.Version(1), R"({"state":"retired","override":{"reason":"sold no more"}})");
    CHECK(retired.status == 200);
    CHECK(Has(retired.body, R"("incompatibleChanges":[{"pointer":"","code":"last_version_retired",)"));
    CHECK(Has(api.Ingest(R"({"eventName":"purchase"})").body, R"("schemaVersion":null)"));
  }

  TEST_CASE("an incompatible version is refused change by change, and taken with an override that is audited") {
    Registry api;
    REQUIRE(api.Publish(kAtMost1000).status == 201);
    const auto refused = api.Publish(kAtMost100);
    CHECK(refused.status == 409);
    CHECK(refused.Header("Content-Type") == "application/problem+json");
    CHECK(Has(refused.body, R"("errors":[{"pointer":"/properties/amount","code":")"));
    CHECK(Has(refused.body, "from 1000 to 100"));
    CHECK(api.Publish(kAtMost100, R"(,"state":"active","override":{"reason":""})").status == 422);
    CHECK(api.Publish(kAtMost100, R"(,"state":"active","override":{})").status == 422);
    CHECK(api.Publish(kAtMost100, R"(,"state":"draft")").status == 201);
    CHECK(api.Patch(api.Version(2), R"({"state":"active"})").status == 409);
    const auto forced = api.Patch(api.Version(2), R"({"state":"active","override":{"reason":"prices fell"}})");
    CHECK(forced.status == 200);
    CHECK(Has(forced.body, R"("incompatibleChanges":[{"pointer":"/properties/amount")"));
    const auto audit = api.service.Get(api.partner + "/audit");
    CHECK(audit.status == 200);
    CHECK(AllOf(audit.body, "action") == std::vector<std::string>{"structure.activated", "structure.published",
                                                                  "structure.published", "key.issued",
                                                                  "system.registered", "partner.created"});
    CHECK(Has(audit.body, R"("overrideReason":"prices fell","incompatibleChanges":[{"pointer":"/properties/amount")"));
    CHECK(JsonString(audit.body, "actor").starts_with("test (va_live_"));
    CHECK(!Has(audit.body, api.service.admin_token()));
    CHECK(JsonString(audit.body, "correlationId") == forced.Header("X-Correlation-ID"));
    const auto page = api.service.Get(api.partner + "/audit?limit=2");
    const auto rest = api.service.Get(api.partner + "/audit?limit=4&cursor=" + JsonString(page.body, "nextCursor"));
    CHECK(AllOf(page.body, "auditId").size() == 2);
    CHECK(AllOf(rest.body, "auditId").size() == 4);
    CHECK(Has(rest.body, R"("nextCursor":null)"));
  }

  TEST_CASE("compatibility is what the partner demands, and can be asked without publishing") {
    Registry api;
    const auto ask = [&](const std::string& schema) {
      return api.service.Post(api.structures + "/compatibility", R"({"eventName":"purchase","schema":)" + schema + "}");
    };
    CHECK(ask(kAtMost100).body ==
          R"({"compatibility":"backward","comparedWith":null,"isCompatible":true,"incompatibleChanges":[]})");
    REQUIRE(api.Publish(kAtMost1000).status == 201);
    const auto breaking = ask(kAtMost100);
    CHECK(breaking.status == 200);
    CHECK(Has(breaking.body, R"("comparedWith":1,"isCompatible":false,"incompatibleChanges":[{"breaks":"backward",)"));
    CHECK(ask(R"({"type":"strnig"})").status == 422);
    CHECK(Has(api.service.Get(api.partner).body, R"("compatibility":"backward")"));
    CHECK(api.Patch(api.partner, R"({"compatibility":"sideward"})").status == 422);
    const auto changed = api.Patch(api.partner, R"({"compatibility":"forward"})");
    CHECK(changed.status == 200);
    CHECK(Has(changed.body, R"("compatibility":"forward")"));
    CHECK(Has(ask(kAtMost100).body, R"("isCompatible":true)"));
    CHECK(Sql(api.stores.write_dsn(), "SELECT count(*) FROM write.event_structures") == "1");
    CHECK(Has(api.service.Get(api.partner + "/audit").body,
              R"("before":{"compatibility":"backward"},"after":{"compatibility":"forward"})"));
  }

  TEST_CASE("while versions are published, however long that takes, others are answered") {
    TestStores stores;
    TestService service(stores, {.configure = [](auto& settings) { settings.read_pool = 1; }});
    const auto sender = service.NewSender();
    PGconn* const other = PQconnectdb(stores.write_dsn().c_str());
    PQclear(PQexec(other, "BEGIN"));
    PQclear(PQexec(other, "SELECT partner_id FROM write.partners FOR UPDATE"));
    auto published = std::async(std::launch::async, [&] {
      return service.Post("/api/partners/" + sender.partner_id + "/structures",
                          R"({"eventName":"purchase","schema":{},"state":"active"})");
    });
    WaitUntil("the publication waits for the partner's row", [&] {
      return Sql(stores.write_dsn(),
                 "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                 "datname = current_database()") == "t";
    });
    CHECK(service.Get("/api/events/partner-system/" + sender.system_id).status == 200);
    PQfinish(other);
    CHECK(published.get().status == 201);
  }

  TEST_CASE("publishing the same text again answers 200 with the version that has it") {
    Registry api;
    CHECK(api.Publish(kAtMost1000).status == 201);
    const auto again = api.Publish(kAtMost1000);
    CHECK(again.status == 200);
    CHECK(Has(again.body, R"("version":1,)"));
    CHECK(Sql(api.stores.write_dsn(), "SELECT count(*) FROM write.event_structures") == "1");
  }

  TEST_CASE("If-Match guards a change against another one") {
    Registry api;
    const auto tag = api.Publish(kAtMost1000, "").Header("ETag");
    const auto patch = [&](const std::string& if_match) {
      return api.service.Send("PATCH", api.Version(1), R"({"schema":{"type":"object"}})", {{"If-Match", if_match}});
    };
    CHECK(patch("\"7\"").status == 412);
    CHECK(patch("W/" + *tag).status == 412);
    CHECK(patch("\"7\", " + *tag).status == 200);
    CHECK(patch(*tag).status == 412);
    CHECK(patch("*").status == 200);
  }

  TEST_CASE("a system's own structure judges its events") {
    Registry api;
    const auto narrowed = R"(,"partnerSystemId":")" + api.sender.system_id + R"(","state":"active")";
    REQUIRE(api.Publish(kAtMost1000).status == 201);
    CHECK(api.Publish(R"({"required":["total"]})", narrowed).status == 409);
    const auto own = api.Publish(R"({"required":["total"]})", narrowed + R"(,"override":{"reason":"a till"})");
    CHECK(own.status == 201);
    CHECK(Has(own.body, R"("partnerSystemId":")" + api.sender.system_id + R"(","eventName":"purchase","version":1,)"));
    CHECK(Has(api.Ingest(R"({"eventName":"purchase"})").body, R"("keyword":"required")"));
    const auto of_system = api.Version(1) + "?partnerSystemId=" + api.sender.system_id;
    CHECK(Has(api.service.Get(of_system).body, "total"));
    CHECK(!Has(api.service.Get(api.Version(1)).body, "total"));
    CHECK(api.Patch(of_system, R"({"state":"retired"})").status == 409);  // the partner's limits amounts
    CHECK(api.Patch(of_system, R"({"state":"retired","override":{"reason":"no till"}})").status == 200);
    CHECK(Has(api.Ingest(R"({"eventName":"purchase"})").body, R"("isValid":true,"schemaVersion":1)"));
    const auto foreign = api.service.NewSender();
    CHECK(api.Publish("{}", R"(,"partnerSystemId":")" + foreign.system_id + "\"").status == 404);
    CHECK(api.Publish("{}", R"(,"partnerSystemId":"x")").status == 422);
  }

  TEST_CASE("event names in paths are percent-decoded") {
    Registry api;
    REQUIRE(api.service.Post(api.structures, R"({"eventName":"a b/ü?","schema":{}})").status == 201);
    const auto found = api.service.Get(api.Version(1, "a%20b%2F%C3%BC%3F"));
    CHECK(found.status == 200);
    CHECK(JsonString(found.body, "eventName") == "a b/ü?");
    for (const auto* name : {"nothing", "%00", "%ff", "a%20b"}) {
      CHECK(api.service.Get(api.Version(1, name)).status == 404);
    }
    CHECK(api.service.Get(api.structures + "/a%20b%2F%C3%BC%3F/versions/x").status == 404);
    CHECK(api.service.Get(api.structures + "/a%20b%2F%C3%BC%3F/versions/99999999999").status == 404);
  }

  TEST_CASE("structures are listed page by page, filtered, and never another partner's") {
    Registry api;
    const auto other = api.service.NewSender();
    for (int i = 0; i < 5; ++i) {
      for (const auto* name : {"b", "a"}) {
        (void)api.service.Publish(api.sender, name, R"({"maxProperties":)" + std::to_string(10 + i) + "}");
      }
      (void)api.service.Publish(other, "a", R"({"maxProperties":)" + std::to_string(10 + i) + "}");
    }
    std::vector<std::string> ids;
    std::string query = "?limit=3";
    for (bool more = true; more;) {
      const auto page = api.service.Get(api.structures + query);
      REQUIRE(page.status == 200);
      CHECK(!Has(page.body, "\"schema\""));
      for (auto& id : AllOf(page.body, "structureId")) ids.push_back(std::move(id));
      const auto cursor = JsonString(page.body, "nextCursor");
      more = !cursor.empty();
      query = "?limit=3&cursor=" + cursor;
    }
    CHECK(ids.size() == 10);
    CHECK(std::set(ids.begin(), ids.end()).size() == 10);
    CHECK(AllOf(api.service.Get(api.structures + "?eventName=a&state=active").body, "structureId").size() == 5);
    CHECK(AllOf(api.service.Get(api.structures + "?state=draft").body, "structureId").empty());
    CHECK(api.service.Get(api.structures + "?limit=0").status == 422);
    CHECK(api.service.Get(api.structures + "?state=lost").status == 422);
    CHECK(api.service.Get(api.structures + "?name=a").status == 422);
    CHECK(api.service.Get("/api/partners/" + other.partner_id + "/structures" + query).status == 422);
    CHECK(api.service.Get("/api/partners/01a1f8b5-2daa-7540-afa2-97ece2294f56/structures").status == 404);
  }
}

TEST_SUITE("systems") {
  TEST_CASE("a system's policy and rate limit can be changed, and the change is audited") {
    Registry api;
    const auto system = "/api/systems/" + api.sender.system_id;
    CHECK(Has(api.Ingest(R"({"eventName":"unheard"})").body, R"("isValid":false)"));
    const auto changed = api.Patch(system, R"({"invalidEvents":"reject","rateLimit":{"eventsPerSecond":1,"burst":7}})");
    CHECK(changed.status == 200);
    CHECK(Has(changed.body, R"("invalidEvents":"reject","rateLimit":{"eventsPerSecond":1,"burst":7})"));
    const auto rejected = api.Ingest(R"({"eventName":"unheard"})");
    CHECK(rejected.status == 422);
    CHECK(rejected.Header("RateLimit-Limit") == "7");
    CHECK(Has(api.Patch(system, R"({"invalidEvents":"observe"})").body, R"("burst":7)"));  // the limit stays
    CHECK(Has(api.Patch(system, R"({"rateLimit":null})").body, R"("invalidEvents":"observe","rateLimit":null)"));
    CHECK(api.Patch(system, R"({"rateLimit":null})").status == 200);  // changes nothing, and is not audited
    CHECK(api.Ingest(R"({"eventName":"unheard"})").Header("RateLimit-Limit") == std::nullopt);
    CHECK(api.Patch(system, R"({"invalidEvents":"drop"})").status == 422);
    CHECK(api.Patch(system, R"({"rateLimit":{"eventsPerSecond":0,"burst":1}})").status == 422);
    CHECK(api.Patch("/api/systems/01a1f8b5-2daa-7540-afa2-97ece2294f56", "{}").status == 404);
    const auto audit = api.service.Get(api.partner + "/audit?action=system.changed").body;
    CHECK(AllOf(audit, "action") == std::vector<std::string>(3, "system.changed"));
    CHECK(Has(audit, R"("before":{"invalidEvents":"flag","rateLimit":null},"after":{"invalidEvents":"reject",)"
                     R"("rateLimit":"1 events per second, burst 7"}})"));
  }
}

TEST_SUITE("unknown events") {
  TEST_CASE("names without a structure are counted exactly, and leave the list when a structure is active") {
    Registry api;
    const auto second =
        JsonString(api.service.Post(api.partner + "/systems", R"({"name":"app"})").body, "partnerSystemId");
    test::TestSender app = api.sender;
    app.system_id = second;
    app.key = JsonString(api.service.Post("/api/systems/" + second + "/keys", R"({"name":"k"})").body, "key");
    const auto other = api.service.NewSender();
    (void)api.service.Publish(api.sender, "known", "{}");
    for (int i = 0; i < 7; ++i)
      (void)api.Ingest(R"({"eventName":"click","properties":{"n":)" + std::to_string(i) + "}}");
    for (int i = 0; i < 3; ++i) (void)api.service.Ingest(app, R"({"eventName":"click","properties":{"n":"x"}})");
    (void)api.Ingest(R"({"eventName":"view"})");
    (void)api.Ingest(R"({"eventName":"known"})");
    (void)api.service.Ingest(other, R"({"eventName":"secret"})");
    (void)api.service.WaitForEvents(api.sender, 9);
    (void)api.service.WaitForEvents(app, 3);
    (void)api.service.WaitForEvents(other, 1);
    const auto list = [&](const std::string& query = "") {
      return api.service.Get(api.partner + "/unknown-events" + query).body;
    };
    const auto all = list();
    CHECK(AllOf(all, "eventName") == std::vector<std::string>{"click", "click", "view"});
    CHECK(Has(all, R"("partnerSystemId":")" + api.sender.system_id + R"(","count":7,"firstSeen":")"));
    CHECK(Has(all, R"("partnerSystemId":")" + second + R"(","count":3,)"));
    CHECK(Has(all, R"("asOf":{"position":")"));
    const auto first = list("?limit=2");
    CHECK(AllOf(first, "eventName").size() == 2);
    CHECK(AllOf(list("?limit=2&cursor=" + JsonString(first, "nextCursor")), "eventName") ==
          std::vector<std::string>{"view"});

    SUBCASE("for all systems") {
      (void)api.service.Publish(api.sender, "click", "{}");
      CHECK(AllOf(list(), "eventName") == std::vector<std::string>{"view"});
      CHECK(Sql(api.stores.read_dsn(), "SELECT sum(events) FROM read.unknown_events WHERE event_name = 'click'") ==
            "10");
      REQUIRE(api.Patch(api.Version(1, "click"), R"({"state":"retired","override":{"reason":"wrong"}})").status == 200);
      CHECK(AllOf(list(), "eventName").size() == 3);
    }
    SUBCASE("for one system") {
      REQUIRE(api.service
                  .Post(api.structures,
                        R"({"eventName":"click","schema":{},"state":"active","partnerSystemId":")" + second + "\"}")
                  .status == 201);
      CHECK(AllOf(list(), "partnerSystemId") == std::vector<std::string>(2, api.sender.system_id));
    }
    SUBCASE("a schema is suggested from the stored events, and fits them") {
      const auto suggest = [&](const std::string& query) {
        return api.service.Get(api.partner + "/unknown-events/click/suggestion" + query);
      };
      const auto of_all = suggest("");
      CHECK(of_all.status == 200);
      CHECK(Has(of_all.body, R"({"eventName":"click","samples":10,"schema":{)"));
      const auto of_one = suggest("?sample=5&partnerSystemId=" + api.sender.system_id);
      CHECK(Has(of_one.body, R"("samples":5,)"));
      const std::string mark = "\"schema\":";
      const auto schema = of_one.body.substr(of_one.body.find(mark) + mark.size());
      REQUIRE(api.service.Post(api.structures, R"({"eventName":"click","state":"active","schema":)" + schema).status ==
              201);
      CHECK(Has(api.Ingest(R"({"eventName":"click","properties":{"n":4}})").body, R"("isValid":true)"));
      CHECK(Has(api.Ingest(R"({"eventName":"click","properties":{"n":"x"}})").body, R"("isValid":false)"));
      CHECK(suggest("?sample=0").status == 422);
      CHECK(suggest("?partnerSystemId=" + other.system_id).status == 404);
      CHECK(api.service.Get(api.partner + "/unknown-events/secret/suggestion").status == 404);
    }
  }
}
