#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using test::HttpClient;
using test::JsonString;
using test::RawResponse;
using test::Sql;
using test::TestService;
using test::TestStores;
using test::WaitUntil;

namespace {

constexpr char kPurchase[] =
    R"({"type":"object","required":["amount"],"properties":{"amount":{"type":"number","minimum":0},"currency":{"enum":["EUR","USD"]}}})";

bool Has(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

std::string Gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// The trackingEventIds of a page, in order.
std::vector<std::string> IdsOf(const std::string& page) {
  std::vector<std::string> ids;
  const std::string mark = "\"trackingEventId\":\"";
  for (auto at = page.find(mark); at != std::string::npos; at = page.find(mark, at + 1))
    ids.push_back(page.substr(at + mark.size(), 36));
  return ids;
}

struct Api {
  TestStores stores;
  TestService service{stores};
  test::TestSender sender = service.NewSender();

  RawResponse Ingest(const std::string& event) { return service.Ingest(sender, event); }
  RawResponse Batch(const std::string& body, const std::string& type = "application/json") {
    return HttpClient(service.port())
        .Post("/api/events/ingest/batch", body, {{"X-API-Key", sender.key}, {"Content-Type", type}});
  }
  std::string Ask(const std::string& sql) { return Sql(stores.write_dsn(), sql); }
  std::string List(const std::string& parameters) {
    return service.Get("/api/events/partner-system/" + sender.system_id + parameters).body;
  }
};

/// A schema whose alternatives double the work at each level: unless `a` is null, it cannot be judged.
std::string Doubling() {
  std::string schema = R"({"properties":{"a":{"$ref":"#/definitions/d40"}},"definitions":{"d0":{"type":"null"})";
  for (int i = 1; i <= 40; ++i) {
    const std::string below = R"({"$ref":"#/definitions/d)" + std::to_string(i - 1) + "\"}";
    schema += ",\"d" + std::to_string(i) + "\":{\"anyOf\":[" + below + "," + below + "]}";
  }
  return schema + "}}";
}

}  // namespace

TEST_SUITE("ingestion") {
  TEST_CASE("a valid event is stored and answered with its verdict and position") {
    Api api;
    CHECK(api.service.Publish(api.sender, "purchase", kPurchase) == 1);
    const auto answer = api.Ingest(R"({"eventId":"e1","eventName":"purchase","properties":{"amount":12.5}})");
    CHECK(answer.status == 202);
    CHECK(answer.body == R"({"eventId":"e1","status":"stored","isValid":true,"schemaVersion":1,"position":")" +
                             api.Ask("SELECT max(batch_id) FROM write.batches") +
                             R"(","verdict":"valid","validationErrors":[]})");
    CHECK(api.Ask("SELECT is_valid FROM write.tracking_events") == "t");
  }

  TEST_CASE("an invalid event is stored with its violations and its exact properties") {
    Api api;
    (void)api.service.Publish(api.sender, "purchase", kPurchase);
    const std::string properties = R"({ "amount" : -1e0,"currency":"GBP" })";
    const auto answer = api.Ingest(R"({"eventName":"purchase","properties":)" + properties + "}");
    CHECK(answer.status == 202);
    CHECK(Has(answer.body, R"("isValid":false)"));
    CHECK(Has(
        answer.body,
        R"({"pointer":"/amount","keyword":"minimum","message":"must be at least 0; was -1e0","schemaPointer":"/properties/amount/minimum"})"));
    CHECK(Has(answer.body, R"("pointer":"/currency","keyword":"enum")"));
    CHECK(api.Ask("SELECT properties::text FROM write.tracking_events WHERE NOT is_valid") == properties);
    CHECK(api.Ask("SELECT json_array_length(validation_errors) FROM write.tracking_events") == "2");
  }

  TEST_CASE("an event of an unknown name or version is a verdict, not an error") {
    Api api;
    (void)api.service.Publish(api.sender, "purchase", kPurchase);
    CHECK(Has(api.Ingest(R"({"eventName":"unheard"})").body, R"("isValid":false,"schemaVersion":null)"));
    CHECK(Has(api.Ingest(R"({"eventName":"purchase","schemaVersion":9,"properties":{"amount":1}})").body,
              R"("keyword":"schemaVersion")"));
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events") == "2");
  }

  TEST_CASE("a newer version judges from the moment it is published, and an older one when it is named") {
    Api api;
    (void)api.service.Publish(api.sender, "purchase", kPurchase);
    CHECK(api.service.Publish(api.sender, "purchase", R"({"required":["total"]})") == 2);
    CHECK(Has(api.Ingest(R"({"eventName":"purchase","properties":{"amount":1}})").body,
              R"("isValid":false,"schemaVersion":2)"));
    CHECK(Has(api.Ingest(R"({"eventName":"purchase","schemaVersion":1,"properties":{"amount":1}})").body,
              R"("isValid":true,"schemaVersion":1)"));
  }

  TEST_CASE("a timestamp more than 24 hours ahead is a violation") {
    Api api;
    (void)api.service.Publish(api.sender, "purchase", kPurchase);
    const auto answer =
        api.Ingest(R"({"eventName":"purchase","eventTimestamp":"2999-01-01T00:00:00Z","properties":{"amount":1}})");
    CHECK(answer.status == 202);
    CHECK(Has(answer.body, R"("keyword":"eventTimestamp")"));
  }

  TEST_CASE("the policy of a system says what becomes of its invalid events") {
    Api api;
    const auto observing = api.service.NewSender("observe");
    const auto rejecting = api.service.NewSender("reject");
    const auto observed = api.service.Ingest(observing, R"({"eventName":"unheard"})");
    CHECK(observed.status == 202);
    CHECK(Has(observed.body, R"("isValid":true)"));
    CHECK(Has(observed.body, R"("keyword":"eventName")"));
    const auto rejected = api.service.Ingest(rejecting, R"({"eventName":"unheard"})");
    CHECK(rejected.status == 422);
    CHECK(rejected.Header("Content-Type") == "application/problem+json");
    CHECK(Has(rejected.body, R"("pointer":"/eventName","code":"violates_structure","message":"eventName: )"));
    CHECK(api.Ask("SELECT convert_from(body, 'UTF8') FROM write.rejected_payloads") == R"({"eventName":"unheard"})");
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events") == "1");
  }

  TEST_CASE("an event that cannot be judged is stored as unjudged, whatever the policy") {
    Api api;
    for (const std::string policy : {"observe", "flag", "reject"}) {
      CAPTURE(policy);
      const auto sender = api.service.NewSender(policy);
      (void)api.service.Publish(sender, "e", Doubling());
      const auto answer = api.service.Ingest(sender, R"({"eventName":"e","properties":{"a":1}})");
      CHECK(answer.status == 202);
      CHECK(Has(answer.body, R"("isValid":false)"));
      CHECK(Has(answer.body, R"("verdict":"unjudged")"));
      CHECK(Has(answer.body, R"("keyword":"unjudged")"));
    }
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events WHERE is_unjudged AND NOT is_valid") == "3");
    CHECK(api.Ask("SELECT count(*) FROM write.rejected_payloads") == "0");
  }

  TEST_CASE("the events of a batch share the time for judging, and none is lost when it is used up") {
    Api api;
    (void)api.service.Publish(api.sender, "e", Doubling());
    std::string events;
    for (int i = 0; i < 1000; ++i) {
      events += (i == 0 ? "" : ",") + std::string(R"({"eventName":"e","properties":{"a":1}})");
    }
    const auto answer = api.Batch(R"({"events":[)" + events + "]}");
    CHECK(answer.status == 202);
    CHECK(Has(answer.body, R"("stored":1000,"duplicates":0,"invalid":1000,"unjudged":1000,"rejected":0)"));
    CHECK(Has(answer.body, "the schema asks for more steps"));
    CHECK(Has(answer.body, "have used up the time of the request"));
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events WHERE is_unjudged") == "1000");
    const auto validated = api.service.Post("/api/structures/validate",
                                            R"({"schema":)" + Doubling() + R"(,"documents":[{"a":1},{"a":null},{}]})");
    CHECK(Has(validated.body, R"({"results":[{"isValid":false,"verdict":"unjudged",)"));
    CHECK(Has(validated.body, R"("verdict":"valid","validationErrors":[]}]})"));
  }

  TEST_CASE("an event sent again is a duplicate, and with another content a conflict") {
    Api api;
    const auto first = api.Ingest(R"({"eventId":"e1","eventName":"e","properties":{"a":1}})");
    const auto second = api.Ingest(R"({"eventId":"e1","eventName":"e","properties":{"a":1}})");
    CHECK(second.status == 202);
    CHECK(Has(second.body, R"("status":"duplicate")"));
    CHECK(JsonString(second.body, "position") == JsonString(first.body, "position"));
    const auto third = api.Ingest(R"({"eventId":"e1","eventName":"e","properties":{"a":2}})");
    CHECK(third.status == 409);
    CHECK(Has(third.body, R"("code":"conflict")"));
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events") == "1");
  }

  TEST_CASE("one event's fault in a batch is its own, and is kept") {
    Api api;
    (void)api.service.Publish(api.sender, "purchase", kPurchase);
    const auto answer = api.Batch(R"({"events":[
      {"eventId":"a","eventName":"purchase","properties":{"amount":1}},
      {"eventId":"b","eventName":"purchase","properties":{"amount":-1}},
      {"eventName":""},
      "what?",
      {"eventId":"a","eventName":"purchase","properties":{"amount":1}},
      {"eventId":"a","eventName":"purchase","properties":{"amount":2}}]})");
    CHECK(answer.status == 202);
    CHECK(answer.body.starts_with(R"({"stored":2,"duplicates":1,"invalid":1,"unjudged":0,"rejected":3,"position":")"));
    CHECK(Has(answer.body, R"({"status":"rejected","errors":[{"pointer":"/eventName","code":"empty")"));
    CHECK(Has(answer.body, R"({"status":"rejected","errors":[{"pointer":"","code":"wrong_type")"));
    CHECK(Has(answer.body, R"("eventId":"a","status":"conflict","position":")"));
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events") == "2");
    CHECK(api.Ask("SELECT count(*) FROM write.rejected_payloads") == "3");
    CHECK(api.Ask("SELECT count(*) FROM write.rejected_payloads WHERE convert_from(body, 'UTF8') = '\"what?\"'") ==
          "1");
  }

  TEST_CASE("lines of NDJSON are events, gzip is taken, and limits hold after unpacking") {
    Api api;
    const std::string lines = "{\"eventName\":\"a\"}\n{broken\n\n{\"eventName\":\"b\"}\n";
    CHECK(Has(api.Batch(lines, "application/x-ndjson").body,
              R"({"stored":2,"duplicates":0,"invalid":2,"unjudged":0,"rejected":1,)"));
    const HttpClient::Headers packed = {{"X-API-Key", api.sender.key},
                                        {"Content-Type", "application/x-ndjson; charset=utf-8"},
                                        {"Content-Encoding", "gzip"}};
    HttpClient client(api.service.port());
    CHECK(client.Post("/api/events/ingest/batch", Gzip(lines), packed).status == 202);
    CHECK(client.Post("/api/events/ingest/batch", Gzip(std::string(5 * 1024 * 1024, ' ')), packed).status == 413);
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events") == "4");
  }

  TEST_CASE("bodies that are no events are answered with what is wrong and kept as they came") {
    Api api;
    struct Case {
      std::string body;
      int status;
      const char* code;
    };
    const std::vector<Case> cases = {
        {"garbage", 400, "malformed_json"},
        {"", 400, "malformed_json"},
        {std::string("\0\x01\xff", 3), 400, "malformed_json"},
        {std::string(100'000, '['), 400, "too_deep"},
        {R"({"eventName":"e","properties":{"a":")" + std::string("\xc3\x28") + R"("}})", 400, "malformed_json"},
        {R"([{"eventName":"e"}])", 422, "wrong_type"},
        {R"({"name":"e"})", 422, "unknown_member"},
        {R"({"eventName":"e","userId":"\u0000"})", 422, "control_character"},
        {R"({"eventName":"e","properties":{"a":")" + std::string(1024 * 1024, 'x') + R"("}})", 413, "too_large"},
    };
    for (const auto& [body, status, code] : cases) {
      CAPTURE(body.substr(0, 60));
      const auto answer = api.Ingest(body);
      CHECK(answer.status == status);
      CHECK(answer.Header("Content-Type") == "application/problem+json");
      CHECK(Has(answer.body, std::string("\"code\":\"") + code));
      CHECK(Has(answer.body, "\"correlationId\":\"" + answer.Header("X-Correlation-ID").value_or("?")));
      CHECK(api.Ask("SELECT count(*) FROM write.rejected_payloads WHERE octet_length(body) = " +
                    std::to_string(body.size())) != "0");
    }
    CHECK(api.Ask("SELECT count(*) FROM write.rejected_payloads") == std::to_string(cases.size()));
    CHECK(api.Ask("SELECT encode(body, 'hex') FROM write.rejected_payloads WHERE octet_length(body) = 3") == "0001ff");
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events") == "0");
    const auto batch = api.Batch(R"({"events":[{"eventName":"a"},)");
    CHECK(batch.status == 400);
    CHECK(api.Batch(R"({"events":[]})").status == 422);
    CHECK(api.Ask("SELECT count(*) FROM write.rejected_payloads") == std::to_string(cases.size() + 2));
  }

  TEST_CASE("hostile properties are stored exactly as sent and come back exactly so") {
    Api api;
    (void)api.service.Publish(api.sender, "e", R"({"properties":{"n":{"type":"number","maximum":5}}})");
    const std::vector<std::string> hostile = {R"({"a":"\u0000"})",
                                              R"({"a":"\ud800"})",
                                              R"({"a":"x\udfff"})",
                                              R"({"a":1,"a":2})",
                                              R"({"n":1e131071})",
                                              R"({"n":-1e-131071})",
                                              R"({"n":)" + std::string(2'000, '9') + "}",
                                              R"({"\u0000":{}})",
                                              R"({ "a" : [ 1.0 , 1e0 ] })",
                                              R"({"":""})",
                                              "{\"a\":\"\xF0\x9F\x8C\x8B\"}",
                                              R"({"a":{"b":{"c":{}}}})"};
    for (std::size_t i = 0; i < hostile.size(); ++i) {
      CAPTURE(hostile[i].substr(0, 40));
      const auto id = "h" + std::to_string(i);
      const auto answer = api.Ingest(R"({"eventId":")" + id + R"(","eventName":"e","properties":)" + hostile[i] + "}");
      CHECK(answer.status == 202);
      CHECK(api.Ask("SELECT properties::text FROM write.tracking_events WHERE event_id = '" + id + "'") == hostile[i]);
    }
    const auto page = api.service.WaitForEvents(api.sender, hostile.size());
    for (const auto& properties : hostile) {
      CAPTURE(properties.substr(0, 40));
      CHECK(Has(page, "\"properties\":" + properties + ","));
    }
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events WHERE NOT is_valid") ==
          "2");  // the two beyond the maximum
    CHECK(Sql(api.stores.write_dsn(), "SELECT count(*) FROM write.rejected_payloads") == "0");
  }

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

  TEST_CASE("one hostile event in a batch of a hundred harms none of the others") {
    Api api;
    const std::vector<std::string> hostile = {
        R"({"eventName":"e","properties":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}",
        R"({"eventName":"e","properties":{"a":")" + std::string("\xff") + R"("}})",
        R"({"eventName":"e","properties":{"a":1e99999}})", R"({"eventName":"e","properties":{"a":"\ud800"}})"};
    int sent = 0;
    for (const auto& event : hostile) {
      CAPTURE(event.substr(0, 50));
      std::string body = R"({"events":[)";
      for (int i = 0; i < 99; ++i) body += R"({"eventId":")" + std::to_string(sent++) + R"(","eventName":"e"},)";
      const auto answer = api.Batch(body + event + "]}");
      CHECK(answer.status == 202);
    }
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events") == std::to_string(4 * 99 + 2));
    CHECK(api.Ask("SELECT count(*) FROM write.rejected_payloads") == "2");
  }

  TEST_CASE("an event of a hundred thousand members costs one fault, not a hundred thousand") {
    Api api;
    std::string members;
    for (int i = 0; i < 100'000; ++i) members += R"("":0,)";
    const auto answer = api.Ingest("{" + members + R"("eventName":"e"})");
    CHECK(answer.status == 422);
    CHECK(Has(answer.body, R"("code":"too_many")"));
    CHECK(answer.body.size() < 1'000);
    std::string numbers;
    for (int i = 0; i < 100'000; ++i) numbers += "0,";
    CHECK(api.Batch(R"({"events":[)" + numbers + "0]}").status == 422);
  }

  TEST_CASE("a full queue is answered 503 with Retry-After, and afterwards all goes on") {
    TestStores stores;
    TestService service(stores, {.sync = false, .configure = [](auto& settings) {
                                   settings.committers = 1;
                                   settings.max_queued_events = 5;
                                   settings.max_commit_wait = std::chrono::hours(1);
                                 }});
    const auto sender = service.NewSender();
    infrastructure::PqConnection blocker(stores.write_dsn());
    (void)blocker.Execute("BEGIN; LOCK TABLE write.outbox IN ACCESS EXCLUSIVE MODE");
    std::atomic<int> accepted = 0, refused = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 12; ++i) {
      clients.emplace_back([&, i] {
        // A second one only after the first waits inside its transaction: then six fit, one of them there.
        const auto answer = service.Ingest(sender, R"({"eventId":")" + std::to_string(i) + R"(","eventName":"e"})");
        if (answer.status == 202) ++accepted;
        if (answer.status == 503 && answer.Header("Retry-After") == "1") ++refused;
      });
      if (i == 0) {
        WaitUntil("the committer waits for the lock", [&] {
          return Sql(stores.write_dsn(),
                     "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'write.outbox'::regclass") == "1";
        });
      }
    }
    WaitUntil("the others are refused", [&] { return refused == 6; });
    (void)blocker.Execute("COMMIT");
    for (auto& client : clients) client.join();
    CHECK(accepted == 6);
    CHECK(service.Ingest(sender, R"({"eventName":"e"})").status == 202);
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.tracking_events") == "7");
  }
}

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
