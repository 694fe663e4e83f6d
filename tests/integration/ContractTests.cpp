#include "tests/integration/ApiFixture.h"
#include "tests/support/contract/ApiContract.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

const std::string kNowhere = "01a1f8b5-2daa-7540-afa2-97ece2294f56";

/// Asks every route for something that succeeds.
struct Walk {
  Api api;
  HttpClient client{api.service.port()};
  HttpClient admin{api.service.admin_port()};
  const std::string partner = "/api/partners/" + api.sender.partner_id;
  const std::string system = "/api/systems/" + api.sender.system_id;
  const std::string version = partner + "/structures/purchase/versions/1";

  RawResponse Get(const std::string& path) { return api.service.Get(path); }
  RawResponse Post(const std::string& path, const std::string& body) { return api.service.Post(path, body); }
  RawResponse Patch(const std::string& path, const std::string& body) { return api.service.Send("PATCH", path, body); }

  void Events() {
    REQUIRE(api.Ingest(R"({"eventName":"unheard","properties":{"a":1}})").status == 202);
    REQUIRE(api.Ingest(R"({"eventName":"purchase","properties":{"amount":-1}})").status == 202);
    REQUIRE(api.Batch(R"({"events":[{"eventName":"purchase"},{"name":"x"}]})").status == 202);
    const auto events = api.service.WaitForEvents(api.sender, 3);
    const auto event = "/api/events/" + JsonString(events, "trackingEventId");
    CHECK(Get(event).status == 200);
    CHECK(Get(event + "/verdicts").status == 200);
    const auto of_partner = "/api/events/partner/" + partner.substr(std::string_view("/api/partners/").size());
    CHECK(Get(of_partner).status == 200);
    CHECK(Get(of_partner + "/users/u1/timeline").status == 200);
    const auto lines = Get(of_partner + "/export");
    CHECK(lines.status == 200);
    CHECK(lines.Header("Content-Type") == "application/x-ndjson");
    CHECK(Get("/api/events/partner-system/" + api.sender.system_id + "/export?format=csv").status == 200);
    Behaviour("/api/statistics/partner/" + api.sender.partner_id);
  }

  void Behaviour(const std::string& statistics) {
    REQUIRE(api.Ingest(R"({"eventName":"view","userId":"u1","eventTimestamp":"2026-11-20T10:00:00Z"})").status == 202);
    REQUIRE(api.Ingest(R"({"eventName":"buy","userId":"u1","eventTimestamp":"2026-11-20T10:01:00Z"})").status == 202);
    (void)api.service.WaitForEvents(api.sender, 5);
    const std::string range = "?from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z";
    CHECK(Get(statistics + "/funnels" + range + "&step.1=view&step.2=buy").status == 200);
    CHECK(Get(statistics + "/sessions" + range).status == 200);
    CHECK(Get(statistics + "/sessions/list?userId=u1").status == 200);
    CHECK(Get(statistics + "/retention" + range + "&timeZone=Europe/Berlin").status == 200);
  }

  void Statistics() {
    const std::string week = "from=2026-11-02T00:00:00Z&to=2026-11-09T00:00:00Z";
    for (const auto& of : {"/api/statistics/partner/" + api.sender.partner_id,
                           "/api/statistics/partner-system/" + api.sender.system_id}) {
      CHECK(Get(of).status == 200);
      CHECK(Get(of + "?exact=true&eventName=purchase&" + week).status == 200);
      CHECK(Get(of + "/timeseries?interval=day&timeZone=Asia/Kathmandu&groupBy=verdict&" + week).status == 200);
      CHECK(Get(of + "/timeseries?groupBy=property.amount&top=3&" + week).status == 200);
      CHECK(Get(of + "/timeseries?interval=day").status == 422);
      CHECK(Get(of + "/timeseries?interval=minute&" + week).status == 422);
      CHECK(Get(of + "/timeseries?timeZone=Mars/Olympus&" + week).status == 422);
      CHECK(Get(of + "/numbers?property=amount").status == 200);
      CHECK(Get(of + "/numbers?property=amount&percentiles=50,99.9&interval=day&" + week).status == 200);
      CHECK(Get(of + "/numbers?property=amount&percentiles=101").status == 422);
      CHECK(Get(of + "/numbers").status == 422);
    }
  }

  void Partners() {
    CHECK(Post("/api/partners", R"({"name":"Another","compatibility":"none"})").status == 201);
    CHECK(Get("/api/partners?limit=1").status == 200);
    CHECK(Get(partner).status == 200);
    CHECK(Patch(partner, R"({"name":"Renamed"})").status == 200);
    CHECK(Get(partner + "/audit").status == 200);
    const auto lines = client.Get(partner + "/audit?limit=1", AsLines());
    CHECK(lines.Header("Content-Type") == "application/x-ndjson");
    CHECK(Get(partner + "/systems").status == 200);
    CHECK(Post(partner + "/systems", R"({"name":"app","rateLimit":{"eventsPerSecond":1,"burst":1}})").status == 201);
    CHECK(Get(system).status == 200);
    CHECK(Patch(system, R"({"name":"website"})").status == 200);
  }

  HttpClient::Headers AsLines() {
    auto headers = api.service.AsAdmin();
    headers.emplace_back("Accept", "application/x-ndjson");
    return headers;
  }

  void Keys() {
    const auto issued = Post(system + "/keys", R"({"name":"ci","environment":"test"})");
    REQUIRE(issued.status == 201);
    const auto key = system + "/keys/" + JsonString(issued.body, "apiKeyId");
    CHECK(Get(system + "/keys").status == 200);
    CHECK(Post(key + "/rotate", R"({"overlapSeconds":60})").status == 201);
    CHECK(api.service.Send("DELETE", key, "").status == 204);
  }

  void Structures() {
    CHECK(Post(partner + "/structures",
               R"({"eventName":"purchase","state":"active","schema":)" + std::string(kPurchase) + "}")
              .status == 201);
    CHECK(Get(partner + "/structures").status == 200);
    CHECK(Get(version).status == 200);
    CHECK(Post(partner + "/structures", R"({"eventName":"other","schema":{}})").status == 201);
    CHECK(Patch(partner + "/structures/other/versions/1", R"({"state":"active"})").status == 200);
    CHECK(Post(partner + "/structures/compatibility",
               R"({"eventName":"purchase","schema":{"properties":{"amount":{"maximum":3}}}})")
              .status == 200);
    CHECK(Post("/api/structures/validate", R"({"schema":{"type":"object"},"documents":[{},3]})").status == 200);
  }

  void UnknownEvents() {
    CHECK(Get(partner + "/unknown-events").status == 200);
    CHECK(Get(partner + "/unknown-events/unheard/suggestion").status == 200);
  }

  void Jobs() {
    CHECK(Post(partner + "/structures/impact", R"({"eventName":"purchase","schema":{}})").status == 202);
    const auto impact = Post(version + "/impact", R"({"days":7})");
    REQUIRE(impact.status == 202);
    const auto job = partner + "/jobs/" + JsonString(impact.body, "jobId");
    CHECK(Post(version + "/judge-again", R"({"from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z"})").status ==
          202);
    CHECK(Get(partner + "/jobs").status == 200);
    WaitUntil("the job ends", [&] { return Has(Get(job).body, "\"state\":\"succeeded\""); });
    CHECK(api.service.Send("DELETE", job, "").status == 200);
  }

  void People() {
    constexpr char kEmail[] = "ada@example.com";
    const auto anyone = [&](const std::string& path, const std::string& body) { return client.Post(path, body); };
    const auto with_token = [&](const std::string& path, const std::string& token) {
      return anyone(path, R"({"token":")" + token + R"(","password":")" + TestService::kPassword + R"("})").status;
    };
    const auto invited = Post(partner + "/members", R"({"email":"ada@example.com","role":"analyst"})");
    REQUIRE(invited.status == 201);
    const auto member = partner + "/members/" + JsonString(invited.body, "memberId");
    CHECK(with_token("/api/auth/accept-invitation", api.service.messages().TokenFor(kEmail)) == 204);
    CHECK(Get(partner + "/members").status == 200);
    CHECK(Get(member).status == 200);
    CHECK(Patch(member, R"({"role":"admin"})").status == 200);
    const auto logged_in = api.service.LogIn(kEmail);
    REQUIRE(logged_in.status == 200);
    CHECK(client.Get("/api/partners", TestService::As(JsonString(logged_in.body, "accessToken"))).status == 200);
    const auto refreshed =
        anyone("/api/auth/refresh", R"({"refreshToken":")" + JsonString(logged_in.body, "refreshToken") + R"("})");
    CHECK(refreshed.status == 200);
    CHECK(anyone("/api/auth/logout", R"({"refreshToken":")" + JsonString(refreshed.body, "refreshToken") + R"("})")
              .status == 204);
    const auto invitation = api.service.messages().TokenFor(kEmail);
    CHECK(anyone("/api/auth/forgot-password", R"({"email":"ada@example.com"})").status < 300);
    WaitUntil("the link is sent", [&] { return api.service.messages().TokenFor(kEmail) != invitation; });
    CHECK(with_token("/api/auth/reset-password", api.service.messages().TokenFor(kEmail)) == 204);
    CHECK(client.Get("/.well-known/jwks.json").status == 200);
    CHECK(Get("/api/auth/me").status == 200);
    const auto person = "/api/people/" + JsonString(Get("/api/people?email=ada@example.com").body, "personId");
    CHECK(Get(person).status == 200);
    CHECK(Patch(person, R"({"isActive":false})").status == 200);
    (void)api.Ask(
        "INSERT INTO write.admin_tokens (token_hash, name, prefix) VALUES (sha256('another'), 'other', 'va')");
    const auto tokens = Get("/api/admin-tokens");
    CHECK(tokens.status == 200);
    const auto other = tokens.body.find("\"name\":\"other\"");
    REQUIRE(other != std::string::npos);
    const auto id = tokens.body.substr(tokens.body.rfind("adminTokenId\":\"", other) + 15, 36);
    CHECK(api.service.Send("DELETE", "/api/admin-tokens/" + id, "").status == 204);
    const auto issued = Post(partner + "/tokens", R"({"name":"ci","scopes":["events:read"]})");
    REQUIRE(issued.status == 201);
    CHECK(Get(partner + "/tokens").status == 200);
    CHECK(api.service.Send("DELETE", partner + "/tokens/" + JsonString(issued.body, "serviceTokenId"), "").status <
          300);
    CHECK(client
              .Get("/api/auth/me",
                   TestService::As(
                       JsonString(Post(partner + "/tokens", R"({"name":"me","scopes":["audit:read"]})").body, "token")))
              .status == 200);
    CHECK(api.service.Send("DELETE", member, "").status < 300);
  }

  void Operations() {
    for (const auto* path : {"/api/openapi.json", "/api/docs", "/api/docs/page.css", "/api/docs/page.js"}) {
      CHECK(client.Get(path).status == 200);
    }
    for (const auto* path : {"/health/live", "/health/ready", "/metrics"}) CHECK(admin.Get(path).status == 200);
  }
};

}  // namespace

TEST_SUITE("the contract") {
  TEST_CASE("every route succeeds as Api/openapi.yaml describes it") {
    Walk walk;
    walk.Structures();
    walk.Events();
    walk.Statistics();
    walk.UnknownEvents();
    walk.Jobs();
    walk.Keys();
    walk.Partners();
    walk.People();
    walk.Operations();
    std::set<std::string> succeeded;  // without the status
    for (const auto& seen : ApiContract::Get().Seen()) {
      if (seen[seen.size() - 3] == '2') succeeded.insert(seen.substr(0, seen.size() - 4));
    }
    for (const auto& route : walk.api.service.Routes()) {
      const auto name = std::string(route.method) + " " + std::string(route.pattern);
      CHECK_MESSAGE(succeeded.contains(name), name);
    }
  }

  TEST_CASE("every route refuses as Api/openapi.yaml describes it") {
    Api api;
    HttpClient client(api.service.port());
    std::set<std::string> asked;
    const auto as_admin = api.service.AsAdmin();
    for (const auto& route : api.service.Routes()) {
      std::string path(route.pattern);
      if (route.access.caller == api::Access::Caller::kAnyone) continue;
      asked.insert(std::string(route.method) + " " + path);
      for (auto at = path.find('{'); at != std::string::npos; at = path.find('{')) {
        path.replace(at, path.find('}') - at + 1, kNowhere);
      }
      CAPTURE(route.method);
      CAPTURE(path);
      const std::string method(route.method);
      const bool is_ingestion = path.starts_with("/api/events/ingest");
      const HttpClient::Headers good = is_ingestion ? HttpClient::Headers{{"X-API-Key", api.sender.key}} : as_admin;
      const HttpClient::Headers other = is_ingestion ? as_admin : HttpClient::Headers{{"X-API-Key", api.sender.key}};
      CHECK(client.Send(method, path, "", {}).status == 401);
      CHECK(client.Send(method, path, "", other).status == 403);
      if (path.find(kNowhere) != std::string::npos) {
        const bool is_read = method == "GET" || method == "DELETE";
        if (is_read) CHECK(client.Send(method, path, "", good).status == 404);
      }
      if (method == "GET") {
        const auto status = client.Send(method, path + "?no-such-parameter=1", "", good).status;
        CHECK((status == 422 || status == 404));
      }
      if (method == "POST" || method == "PATCH") {
        auto text = good;
        text.emplace_back("Content-Type", "text/plain");
        CHECK(client.Send(method, path, "x", text).status == 415);
        CHECK(client.Send(method, path, "[1", good).status >= 400);
        CHECK(client.Send(method, path, R"({"no such member":1})", good).status >= 400);
      }
    }
    const auto seen = ApiContract::Get().Seen();
    for (const auto& described : ApiContract::Get().Described({"401", "403", "415"})) {
      if (asked.contains(described.substr(0, described.rfind(' ')))) CHECK_MESSAGE(seen.contains(described), described);
    }
  }

  TEST_CASE("the contract finds what is not as described") {
    auto& contract = ApiContract::Get();
    const RawResponse good{200, "OK", {{"Content-Type", "application/json"}}, R"({"items":[],"nextCursor":null})"};
    CHECK(!contract.FaultOf("GET", "/api/partners?limit=1", good));
    auto answer = good;
    answer.body = R"({"items":[],"nextCursor":null,"more":1})";
    CHECK(contract.FaultOf("GET", "/api/partners", answer));
    answer.body = R"({"items":[{}],"nextCursor":null})";
    CHECK(contract.FaultOf("GET", "/api/partners", answer));
    answer = good;
    answer.status = 201;
    CHECK(contract.FaultOf("GET", "/api/partners", answer));
    answer = good;
    answer.headers = {{"Content-Type", "text/html"}};
    CHECK(contract.FaultOf("GET", "/api/partners", answer));
    answer = good;
    answer.status = 404;  // no problem
    CHECK(contract.FaultOf("GET", "/api/no-such-path", answer));
    CHECK(contract.FaultOf("GET", "/api/no-such-path", good));
  }
}
