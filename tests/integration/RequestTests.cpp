#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;
using namespace volcanion::test;

TEST_SUITE("requests") {
  TEST_CASE("the correlation id of the client is returned and stored, a bad one is replaced") {
    Api api;
    HttpClient client(api.service.port());
    const auto good = client.Post("/api/events/ingest", R"({"eventName":"e"})",
                                  {{"X-API-Key", api.sender.key},
                                   {"X-Correlation-ID", "order-77.a_B"},
                                   {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
    CHECK(good.Header("X-Correlation-ID") == "order-77.a_B");
    CHECK(api.Ask("SELECT correlation_id || ' ' || traceparent FROM write.tracking_events") ==
          "order-77.a_B 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    const auto bad = client.Post("/api/events/ingest", R"({"eventName":"e"})",
                                 {{"X-API-Key", api.sender.key}, {"X-Correlation-ID", "no spaces"}});
    CHECK(bad.Header("X-Correlation-ID").value_or("").size() == 36);
    CHECK(client.Get("/nowhere").Header("X-Correlation-ID").value_or("").size() == 36);
  }

  TEST_CASE("paths, methods and media types that are not there are told so") {
    Api api;
    HttpClient client(api.service.port());
    CHECK(client.Get("/nowhere").status == 404);
    const auto wrong = client.Get("/api/events/ingest/batch");
    CHECK(wrong.status == 405);
    CHECK(wrong.Header("Allow") == "POST, OPTIONS");
    CHECK(client.Get("/api/events/ingest").Header("Allow") == "POST, OPTIONS");  // not the event whose id is "ingest"
    CHECK(api.Batch("a,b", "text/csv").status == 415);
    CHECK(
        client
            .Post("/api/events/ingest", "{}", {{"X-API-Key", api.sender.key}, {"Content-Type", "application/x-ndjson"}})
            .status == 415);
  }

  TEST_CASE("a Content-Length of a gigabyte is refused at once") {
    Api api;
    test::RawClient client(api.service.port());
    client.Send("POST /api/events/ingest HTTP/1.1\r\nHost: x\r\nX-API-Key: " + api.sender.key +
                "\r\nContent-Length: 1073741824\r\n\r\n");
    CHECK(client.ReadResponse().status == 413);
  }

  TEST_CASE("management makes partners, systems, keys and structures, and refuses what breaks a rule") {
    Api api;
    const auto& service = api.service;
    auto post = [&](const std::string& path, const std::string& body) { return api.service.Post(path, body); };
    (void)service;
    CHECK(post("/api/partners", R"({"name":"Partner 1"})").status == 409);
    CHECK(post("/api/partners", R"({"name":""})").status == 422);
    CHECK(post("/api/partners", R"({)").status == 400);
    CHECK(post("/api/partners/01a1f8b5-2daa-7540-afa2-97ece2294f56/systems", R"({"name":"x"})").status == 404);
    CHECK(
        post("/api/partners/" + api.sender.partner_id + "/systems", R"({"name":"x","invalidEvents":"drop"})").status ==
        422);
    CHECK(post("/api/systems/" + api.sender.system_id + "/keys", R"({"name":"x","expiresAt":"2020-01-01T00:00:00Z"})")
              .status == 422);
    const auto key = post("/api/systems/" + api.sender.system_id + "/keys", R"({"name":"x"})");
    CHECK(key.status == 201);
    CHECK(key.Header("Cache-Control") == "no-store");
    CHECK(JsonString(key.body, "key").starts_with(JsonString(key.body, "prefix")));
    CHECK(api.Ask("SELECT count(*) FROM write.api_keys WHERE position('" + JsonString(key.body, "key").substr(20) +
                  "' IN api_keys::text) > 0") == "0");
    const auto refused = post("/api/partners/" + api.sender.partner_id + "/structures",
                              R"({"eventName":"e","schema":{"type":"strnig"},"state":"active"})");
    CHECK(refused.status == 422);
    CHECK(Has(refused.body, R"("pointer":"/schema/type")"));
    const auto draft = post("/api/partners/" + api.sender.partner_id + "/structures",
                            R"({"eventName":"e","schema":{ "type":"object" }})");
    CHECK(draft.status == 201);
    CHECK(Has(draft.body, R"("version":1,"state":"draft","schema":{ "type":"object" })"));
    CHECK(Has(api.Ingest(R"({"eventName":"e"})").body, R"("keyword":"eventName")"));  // a draft judges nothing
  }

  TEST_CASE("documents can be judged without storing anything") {
    Api api;
    const auto answer = api.service.Post("/api/structures/validate",
                                         R"({"schema":{"type":"number","maximum":5},"documents":[1, 1e999, "x"]})");
    CHECK(answer.status == 200);
    CHECK(answer.body.starts_with(
        R"({"results":[{"isValid":true,"verdict":"valid","validationErrors":[]},{"isValid":false,)"));
    CHECK(api.service.Post("/api/structures/validate", R"({"schema":{"minimum":"x"},"documents":[]})").status == 422);
    CHECK(api.service.Post("/api/structures/validate", R"({"schema":{}})").status == 422);
  }

  TEST_CASE("a web page of an allowed origin may use the API, others may not") {
    TestStores stores;
    TestService service(
        stores, {.sync = false, .configure = [](auto& settings) { settings.cors_origins = {"https://shop.example"}; }});
    const auto sender = service.NewSender();
    HttpClient client(service.port());
    const auto preflight = client.Send("OPTIONS", "/api/events/ingest", "",
                                       {{"Origin", "https://shop.example"}, {"Access-Control-Request-Method", "POST"}});
    CHECK(preflight.status == 204);
    CHECK(preflight.Header("Access-Control-Allow-Origin") == "https://shop.example");
    CHECK(preflight.Header("Access-Control-Allow-Methods") == "POST");
    CHECK(Has(preflight.Header("Access-Control-Allow-Headers").value_or(""), "X-API-Key"));
    const auto post = [&](const char* origin, const std::string& key) {
      return client.Post("/api/events/ingest", R"({"eventName":"e"})", {{"X-API-Key", key}, {"Origin", origin}});
    };
    const auto allowed = post("https://shop.example", sender.key);
    CHECK(allowed.status == 202);
    CHECK(allowed.Header("Access-Control-Allow-Origin") == "https://shop.example");
    CHECK(Has(allowed.Header("Access-Control-Expose-Headers").value_or(""), "X-Correlation-ID"));
    CHECK(post("https://shop.example", "wrong").Header("Access-Control-Allow-Origin") == "https://shop.example");
    CHECK_FALSE(post("https://evil.example", sender.key).Header("Access-Control-Allow-Origin").has_value());
    const auto options = client.Send("OPTIONS", "/api/events/ingest", "", {});
    CHECK(options.status == 204);
    CHECK(options.Header("Allow") == "POST, OPTIONS");
    CHECK(client.Send("OPTIONS", "/nowhere", "", {}).status == 404);
  }

  TEST_CASE("a large answer is packed for a client that takes gzip") {
    Api api;
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "{\"eventName\":\"e\"}\n";
    CHECK(api.Batch(lines, "application/x-ndjson").status == 202);
    const auto page = api.service.WaitForEvents(api.sender, 200);
    auto headers = api.service.AsAdmin();
    headers.emplace_back("Accept-Encoding", "gzip, deflate");
    const auto packed = HttpClient(api.service.port())
                            .Get("/api/events/partner-system/" + api.sender.system_id + "?limit=1000", headers);
    CHECK(packed.Header("Content-Encoding") == "gzip");
    CHECK(packed.Header("Vary") == "Accept-Encoding");
    CHECK(packed.body.size() < page.size() / 4);
    CHECK(packed.body.starts_with("\x1f\x8b"));
  }

  TEST_CASE("a system may have a rate, and who exceeds it is told when to come again") {
    Api api;
    const auto made = api.service.Post("/api/partners/" + api.sender.partner_id + "/systems",
                                       R"({"name":"slow","rateLimit":{"eventsPerSecond":1,"burst":2}})");
    CHECK(Has(made.body, R"("rateLimit":{"eventsPerSecond":1,"burst":2})"));
    auto slow = api.sender;
    slow.system_id = JsonString(made.body, "partnerSystemId");
    slow.key = JsonString(api.service.Post("/api/systems/" + slow.system_id + "/keys", R"({"name":"k"})").body, "key");
    const auto first = api.service.Ingest(slow, R"({"eventName":"e"})");
    CHECK(first.status == 202);
    CHECK(first.Header("RateLimit-Limit") == "2");
    CHECK(first.Header("RateLimit-Remaining") == "1");
    CHECK(api.service.Ingest(slow, R"({"eventName":"e"})").status == 202);
    const auto refused = api.service.Ingest(slow, R"({"eventName":"e"})");
    CHECK(refused.status == 429);
    CHECK(refused.Header("Retry-After") == "1");
    CHECK(refused.Header("RateLimit-Remaining") == "0");
    CHECK(api.Ingest(R"({"eventName":"e"})").status == 202);  // others are not concerned
    CHECK_FALSE(api.Ingest(R"({"eventName":"e"})").Header("RateLimit-Limit").has_value());
    CHECK(Has(api.service
                  .Post("/api/partners/" + api.sender.partner_id + "/systems",
                        R"({"name":"x","rateLimit":{"eventsPerSecond":0,"burst":"2"}})")
                  .body,
              R"("pointer":"/rateLimit/burst","code":"wrong_type")"));
  }

  TEST_CASE("health tells each dependency, and that of a store that may lose what it acknowledges") {
    Api api;
    HttpClient admin(api.service.admin_port());
    CHECK(admin.Get("/health/live").status == 200);
    WaitUntil("everything is up", [&] { return admin.Get("/health/ready").status == 200; });
    const auto metrics = admin.Get("/metrics").body;
    CHECK(Has(metrics, "volcanion_http_requests_total{"));
    CHECK(Has(metrics, "volcanion_outbox_lag_seconds"));
    CHECK(HttpClient(api.service.port()).Get("/metrics").status == 404);  // not for the public
    const auto database = api.Ask("SELECT current_database()");
    (void)api.Ask("ALTER DATABASE \"" + database + "\" SET synchronous_commit = off");
    const auto unsafe = admin.Get("/health/ready");
    CHECK(unsafe.status == 503);
    CHECK(Has(unsafe.body, R"("writeStore":{"status":"down","reason":"what is acknowledged may be lost)"));
    CHECK(Has(unsafe.body, R"("fsync":"on","fullPageWrites":"on","synchronousCommit":"off")"));
  }
}
