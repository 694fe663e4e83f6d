#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

struct Managed : Api {
  const std::string partner = "/api/partners/" + sender.partner_id;
  const std::string system = "/api/systems/" + sender.system_id;

  RawResponse Get(const std::string& path) { return service.Get(path); }
  RawResponse Post(const std::string& path, const std::string& body) { return service.Post(path, body); }
  RawResponse Patch(const std::string& path, const std::string& body, HttpClient::Headers more = {}) {
    return service.Send("PATCH", path, body, std::move(more));
  }
  int Send(const std::string& key) {
    return HttpClient(service.port()).Post("/api/events/ingest", R"({"eventName":"e"})", {{"X-API-Key", key}}).status;
  }
  /// The key and its path.
  struct Issued {
    std::string key;
    std::string path;
  };
  Issued Issue(const std::string& body = R"({"name":"ci"})") { return IssuedIn(Post(system + "/keys", body)); }
  Issued IssuedIn(const RawResponse& answer) {
    REQUIRE_MESSAGE(answer.status == 201, answer.body);
    return {JsonString(answer.body, "key"), system + "/keys/" + JsonString(answer.body, "apiKeyId")};
  }
  std::string KeyRow(const Issued& issued) {
    const auto list = Get(system + "/keys").body;
    const auto id = issued.path.substr(issued.path.rfind('/') + 1);
    const auto at = list.find(id);
    return at == std::string::npos ? "" : list.substr(at, list.find('}', at) - at);
  }
};

}  // namespace

TEST_SUITE("partners and systems over HTTP") {
  TEST_CASE("two admins do not overwrite each other: a change names the ETag that was read") {
    Managed api;
    for (const auto& path : {api.partner, api.system}) {
      CAPTURE(path);
      const auto tag = *api.Get(path).Header("ETag");
      const auto first = api.Patch(path, R"({"name":"first"})", {{"If-Match", tag}});
      CHECK(first.status == 200);
      const auto next = *first.Header("ETag");
      CHECK(next != tag);
      CHECK(api.Get(path).Header("ETag") == next);
      CHECK(api.Patch(path, R"({"name":"second"})", {{"If-Match", tag}}).status == 412);
      CHECK(api.Patch(path, R"({"name":"second"})", {{"If-Match", "W/" + next}}).status == 412);  // never a weak one
      CHECK(Has(api.Get(path).body, R"("name":"first")"));
      CHECK(api.Patch(path, R"({"name":"second"})", {{"If-Match", "\"7\", " + next}}).status == 200);
      CHECK(api.Patch(path, R"({"name":"third"})", {{"If-Match", "*"}}).status == 200);
      const auto fourth = *api.Patch(path, R"({"name":"fourth"})").Header("ETag");
      CHECK(fourth.starts_with("\"5-"));
      CHECK(api.Patch(path, R"({"name":"fourth"})").Header("ETag") == fourth);  // changes nothing
    }
  }

  TEST_CASE("a name is taken once, and the answer says so") {
    Managed api;
    const auto other = api.service.NewSender();
    const auto taken = api.Patch(api.partner, R"({"name":"Partner 2"})");
    CHECK(taken.status == 409);
    CHECK(Has(taken.body, R"("errors":[{"pointer":"/name","code":"name_taken")"));
    CHECK(api.Post("/api/partners", R"({"name":"Partner 2"})").status == 409);
    CHECK(api.Post(api.partner + "/systems", R"({"name":"web"})").status == 409);
    CHECK(api.Post(api.partner + "/systems", R"({"name":"app"})").status == 201);
    CHECK(api.Patch(api.system, R"({"name":"app"})").status == 409);
    CHECK(api.Patch(api.partner, R"({"name":""})").status == 422);
    CHECK(api.Patch(api.partner, R"({"nmae":"x"})").status == 422);
    CHECK(api.service.Send("DELETE", api.partner, "").status == 405);  // its events refer to it
  }

  TEST_CASE("deactivating a partner or a system stops its keys at once, and activating lets them on") {
    Managed api;
    for (const auto& path : {api.partner, api.system}) {
      CHECK(api.Send(api.sender.key) == 202);
      CHECK(Has(api.Patch(path, R"({"isActive":false})").body, R"("isActive":false)"));
      CHECK(api.Send(api.sender.key) == 401);
      CHECK(api.Patch(path, R"({"isActive":true})").status == 200);
      CHECK(api.Send(api.sender.key) == 202);
    }
  }

  TEST_CASE("a new name reaches the events that were stored before") {
    Managed api;
    CHECK(api.Send(api.sender.key) == 202);
    (void)api.service.WaitForEvents(api.sender, 1);
    CHECK(api.Patch(api.partner, R"({"name":"Ajax"})").status == 200);
    CHECK(api.Patch(api.system, R"({"name":"website"})").status == 200);
    WaitUntil("the names are there", [&] {
      const auto events = api.List("");
      return Has(events, R"("partnerName":"Ajax")") && Has(events, R"("partnerSystemName":"website")");
    });
  }

  TEST_CASE("lists are paged with cursors that fit their question alone") {
    Managed api;
    for (const auto* name : {"b", "a", "c"}) {
      REQUIRE(api.Post(api.partner + "/systems", std::string(R"({"name":")") + name + R"("})").status == 201);
    }
    std::set<std::string> names;
    std::string cursor;
    int pages = 0;
    do {
      const auto page = api.Get(api.partner + "/systems?limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor));
      REQUIRE(page.status == 200);
      names.insert(JsonString(page.body, "name"));
      cursor = JsonString(page.body, "nextCursor");
      ++pages;
    } while (!cursor.empty());
    CHECK(pages == 4);
    CHECK(names == std::set<std::string>{"a", "b", "c", "web"});
    const auto of_systems = JsonString(api.Get(api.partner + "/systems?limit=1").body, "nextCursor");
    const auto other = api.service.NewSender();
    CHECK(api.Get("/api/partners/" + other.partner_id + "/systems?cursor=" + of_systems).status == 422);
    CHECK(api.Get("/api/partners?cursor=" + of_systems).status == 422);
    CHECK(api.Get(api.partner + "/systems?isActive=true&cursor=" + of_systems).status == 422);
    CHECK(api.Get("/api/partners?limit=0").status == 422);
    CHECK(api.Get("/api/partners?isActive=yes").status == 422);
    CHECK(JsonString(api.Get("/api/partners?name=Partner%202").body, "partnerId") == other.partner_id);
  }
}

TEST_SUITE("API keys over HTTP") {
  TEST_CASE("a key is shown once; the list has its prefix and state, and never the key") {
    Managed api;
    const auto live = api.Issue();
    const auto test = api.Issue(R"({"name":"staging","environment":"test","expiresAt":"2100-01-01T00:00:00Z"})");
    CHECK(live.key.starts_with("vk_live_"));
    CHECK(test.key.starts_with("vk_test_"));
    CHECK(api.Send(test.key) == 202);
    const auto list = api.Get(api.system + "/keys").body;
    CHECK(!Has(list, live.key));
    CHECK(!Has(list, test.key));
    CHECK(
        Has(api.KeyRow(test), R"("environment":"test","prefix":")" + test.key.substr(0, 14) + R"(","state":"active")"));
    CHECK(Has(api.KeyRow(test), R"("expiresAt":"2100-01-01T00:00:00.000000Z")"));
    CHECK(api.Post(api.system + "/keys", R"({"name":"x","environment":"prod"})").status == 422);
    CHECK(api.Post(api.system + "/keys", R"({"name":"x","expiresAt":"2000-01-01T00:00:00Z"})").status == 422);
  }

  TEST_CASE("a revoked key is refused from the answer on; revoking again changes nothing") {
    Managed api;
    const auto issued = api.Issue();
    CHECK(api.Send(issued.key) == 202);
    CHECK(api.service.Send("DELETE", issued.path, "").status == 204);
    CHECK(api.Send(issued.key) == 401);
    const auto row = api.KeyRow(issued);
    CHECK(Has(row, R"("state":"revoked")"));
    CHECK(api.service.Send("DELETE", issued.path, "").status == 204);
    CHECK(JsonString(api.KeyRow(issued), "revokedAt") == JsonString(row, "revokedAt"));
    CHECK(api.Ask("SELECT count(*) FROM write.audit_log WHERE action = 'key.revoked'") == "1");
    const auto other = api.service.NewSender();
    const auto elsewhere = "/api/systems/" + other.system_id + issued.path.substr(issued.path.rfind("/keys/"));
    CHECK(api.service.Send("DELETE", elsewhere, "").status == 404);  // not a key of that system
  }

  TEST_CASE("rotation leaves the old key good for the overlap, and not at all without one") {
    Managed api;
    const auto old = api.Issue(R"({"name":"ci","environment":"test"})");
    const auto next = api.IssuedIn(api.Post(old.path + "/rotate", R"({"overlapSeconds":3600})"));
    CHECK(next.key.starts_with("vk_test_"));
    CHECK(next.key != old.key);
    CHECK(api.Send(old.key) == 202);
    CHECK(api.Send(next.key) == 202);
    CHECK(!Has(api.KeyRow(old), R"("expiresAt":null)"));
    CHECK(Has(api.KeyRow(next), R"("name":"ci")"));
    CHECK(Has(api.KeyRow(next), R"("expiresAt":null)"));
    const auto last = api.IssuedIn(api.Post(next.path + "/rotate", R"({"overlapSeconds":0})"));
    CHECK(api.Send(next.key) == 401);
    CHECK(api.Send(last.key) == 202);
    CHECK(api.Post(next.path + "/rotate", R"({"overlapSeconds":60})").status == 409);  // expired
    CHECK(api.Post(last.path + "/rotate", R"({"overlapSeconds":-1})").status == 422);
    CHECK(api.Post(last.path + "/rotate", R"({"overlapSeconds":2592001})").status == 422);
    CHECK(api.Post(last.path + "/rotate", "{}").status == 422);
    CHECK(api.Post(api.system + "/keys/none/rotate", R"({"overlapSeconds":60})").status == 404);
  }

  TEST_CASE("the last use of a key is written down behind the answers, and not for each request") {
    TestStores stores;
    TestService service(
        stores, {.configure = [](auto& settings) { settings.key_use_interval = std::chrono::milliseconds(10); }});
    const auto sender = service.NewSender();
    const auto keys = "/api/systems/" + sender.system_id + "/keys";
    CHECK(Has(service.Get(keys).body, R"("lastUsedAt":null)"));
    const auto revision = Sql(stores.write_dsn(), "SELECT revision FROM write.directory_revision");
    CHECK(service.Ingest(sender, R"({"eventName":"e"})").status == 202);
    WaitUntil("the use is noted", [&] { return !JsonString(service.Get(keys).body, "lastUsedAt").empty(); });
    CHECK(Sql(stores.write_dsn(), "SELECT revision FROM write.directory_revision") == revision);
  }

  TEST_CASE("an address that fails too often has to wait, but its good keys are good") {
    TestStores stores;
    TestService service(stores, {.configure = [](auto& settings) { settings.max_auth_failures = 5; }});
    const auto sender = service.NewSender();
    HttpClient client(service.port());
    const auto with = [&](const std::string& key) {
      return client.Post("/api/events/ingest", R"({"eventName":"e"})", {{"X-API-Key", key}});
    };
    for (int i = 0; i < 4; ++i) CHECK(with("wrong " + std::to_string(i)).status == 401);
    auto mistyped = sender.key;
    mistyped.back() = mistyped.back() == 'a' ? 'b' : 'a';
    CHECK(with(mistyped).status == 401);
    const auto refused = with("wrong again");
    CHECK(refused.status == 429);
    const auto wait = std::stoi(refused.Header("Retry-After").value_or("0"));
    CHECK(wait >= 1);
    CHECK(wait <= 60);
    CHECK(with(sender.key).status == 202);
    CHECK(service.Get("/api/partners").status == 200);
    CHECK(client.Get("/api/partners", {{"Authorization", "Bearer nonsense"}}).status == 429);
  }
}

TEST_SUITE("clients behind a trusted proxy") {
  TEST_CASE("each waits for its own failures, and is named in the audit log") {
    TestStores stores;
    TestService service(stores, {.configure = [](auto& settings) {
                          settings.max_auth_failures = 1;
                          settings.trusted_proxies = {"127.0.0.1"};
                        }});
    HttpClient client(service.port());
    const auto as = [&](const std::string& address, const std::string& token) {
      return client.Get("/api/partners", {{"X-Forwarded-For", address}, {"Authorization", "Bearer " + token}}).status;
    };
    CHECK(as("192.0.2.1", "wrong") == 401);
    CHECK(as("192.0.2.1", "wrong") == 429);
    CHECK(as("192.0.2.2", "wrong") == 401);
    CHECK(as("192.0.2.1", service.admin_token()) == 200);
    const auto made =
        client.Post("/api/partners", R"({"name":"Acme"})",
                    {{"X-Forwarded-For", "192.0.2.7"}, {"Authorization", "Bearer " + service.admin_token()}});
    REQUIRE(made.status == 201);
    const auto audit = service.Get("/api/partners/" + JsonString(made.body, "partnerId") + "/audit").body;
    CHECK(Has(audit, R"("clientAddress":"192.0.2.7")"));
  }
}

TEST_SUITE("the audit log over HTTP") {
  TEST_CASE("an entry says who, what, when, from where, before and after, and no secret") {
    Managed api;
    const auto issued = api.Issue();
    const auto changed = api.Patch(api.system, R"({"name":"website","isActive":false})");
    const auto audit = api.Get(api.partner + "/audit?limit=2").body;
    CHECK(Has(audit, R"("action":"system.changed","target":"website","targetId":")" + api.sender.system_id + "\""));
    CHECK(Has(audit, R"("before":{"name":"web","isActive":true},"after":{"name":"website","isActive":false})"));
    CHECK(Has(audit, R"("clientAddress":"127.0.0.1")"));
    CHECK(JsonString(audit, "correlationId") == changed.Header("X-Correlation-ID"));
    CHECK(Has(audit, R"("before":null,"after":{"name":"ci","prefix":")"));
    const auto all = api.Ask("SELECT string_agg(audit_log::text, '') FROM write.audit_log");
    for (const auto& secret : {issued.key, api.sender.key, api.service.admin_token()}) {
      CHECK(!Has(all, secret.substr(14)));
    }
  }

  TEST_CASE("entries are filtered, and read line by line with a link to the next page") {
    Managed api;
    for (const auto* name : {"one", "two", "three"}) {
      REQUIRE(api.Patch(api.system, std::string(R"({"name":")") + name + R"("})").status == 200);
    }
    const auto count = [&](const std::string& filter) {
      const auto page = api.Get(api.partner + "/audit?" + filter);
      CHECK(page.status == 200);
      std::size_t entries = 0;
      for (auto at = page.body.find("\"auditId\""); at != std::string::npos;
           at = page.body.find("\"auditId\"", at + 1)) {
        ++entries;
      }
      return entries;
    };
    CHECK(count("action=system.changed") == 3);
    CHECK(count("target=two") == 1);
    CHECK(count("target=" + api.sender.system_id) == 4);  // and its registration
    CHECK(count("actor=nobody") == 0);
    CHECK(count("from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z") == 0);
    CHECK(count("from=2000-01-01T00:00:00Z&action=key.issued") == 1);
    CHECK(api.Get(api.partner + "/audit?from=yesterday").status == 422);

    auto as_lines = api.service.AsAdmin();
    as_lines.emplace_back("Accept", "application/json;q=0.1, application/x-ndjson");
    HttpClient client(api.service.port());
    std::vector<std::string> targets;
    std::string next = "?action=system.changed&limit=2";
    while (!next.empty()) {
      const auto page = client.Get(api.partner + "/audit" + next, as_lines);
      REQUIRE(page.status == 200);
      for (std::string_view rest = page.body; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        targets.push_back(JsonString(std::string(line), "target"));
      }
      const auto link = page.Header("Link").value_or("");
      next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    CHECK(targets == std::vector<std::string>{"three", "two", "one"});
  }

  TEST_CASE("refused attempts are in the log of the partner that they were aimed at, the same ones counted together") {
    Managed api;
    HttpClient client(api.service.port());
    for (int i = 0; i < 20; ++i) {
      CHECK(client.Get(api.partner + "/systems").status == 401);
      CHECK(client.Send("PATCH", api.system, "{}", {{"X-API-Key", api.sender.key}}).status == 403);
    }
    CHECK(client.Get("/api/partners/01a1f8b5-2daa-7540-afa2-97ece2294f56").status == 401);  // of nobody
    WaitUntil("they are written down", [&] {
      return api.Ask(
                 "SELECT coalesce(sum((details->>'times')::int), 0) FROM write.audit_log "
                 "WHERE action = 'request.refused'") == "41";
    });
    CHECK(std::stoi(api.Ask("SELECT count(*) FROM write.audit_log WHERE action = 'request.refused'")) < 41);
    CHECK(api.Ask("SELECT sum((details->>'times')::int) FROM write.audit_log WHERE action = 'request.refused' "
                  "AND partner_id IS NOT NULL") == "40");
    const auto log = api.Get(api.partner + "/audit?action=request.refused").body;
    CHECK(Has(log, R"("actor":"nobody","action":"request.refused","target":"GET /api/partners/{id}/systems")"));
    CHECK(Has(log, R"("actor":"API key )"));
    CHECK(Has(log, R"("details":{"status":"403",)"));
    CHECK(Has(log, R"("targetId":")" + api.sender.system_id + "\""));
  }

  TEST_CASE("whoever sends events with no good key, or with what is none, is in the log") {
    Managed api;
    HttpClient client(api.service.port());
    const auto issued = api.Issue();
    REQUIRE(api.service.Send("DELETE", issued.path, "").status == 204);
    const auto send = [&](const HttpClient::Headers& headers) {
      return client.Post("/api/events/ingest", R"({"eventName":"e"})", headers).status;
    };
    CHECK(send({{"X-API-Key", issued.key}}) == 401);
    CHECK(send(api.service.AsAdmin()) == 403);
    const auto noted = [&](const std::string& status) {
      return api.Ask(
          "SELECT coalesce(max(actor || ' ' || client_address), '') FROM write.audit_log "
          "WHERE target = 'POST /api/events/ingest' AND details->>'status' = '" +
          status + "'");
    };
    WaitUntil("they are written down", [&] { return !noted("401").empty() && !noted("403").empty(); });
    CHECK(noted("401") == "nobody 127.0.0.1");
    CHECK(noted("403").starts_with("test (va_live_"));
  }
}
