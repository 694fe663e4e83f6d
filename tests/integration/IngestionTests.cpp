#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <zlib.h>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

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

}  // namespace

TEST_SUITE("ingestion") {
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
        // A second one only after the first is in the committer's hands: then six fit, one of them there.
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
