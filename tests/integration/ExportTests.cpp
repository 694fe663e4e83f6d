#include "Api/Http/Gzip.h"
#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

std::vector<std::string> ValuesOf(const std::string& text, const std::string& name) {
  std::vector<std::string> values;
  const std::string mark = "\"" + name + "\":\"";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1))
    values.push_back(text.substr(at + mark.size(), text.find('"', at + mark.size()) - at - mark.size()));
  return values;
}
std::vector<std::string> IdsOf(const std::string& text) { return ValuesOf(text, "trackingEventId"); }

/// Where each of these lines ends.
std::vector<std::size_t> EndsOf(const std::string& lines, const std::string& line_break) {
  std::vector<std::size_t> ends;
  for (auto at = lines.find(line_break); at != std::string::npos; at = lines.find(line_break, at + 1))
    ends.push_back(at + line_break.size());
  return ends;
}

/// Pages so small that an export of few events has many.
struct Exporting {
  TestStores stores;
  std::optional<TestService> service;
  TestSender sender;

  explicit Exporting(std::function<void(infrastructure::Settings&)> configure = {}, std::size_t page_bytes = 2'000) {
    service.emplace(stores, TestService::Options{.configure = [&](infrastructure::Settings& settings) {
                      settings.max_page_bytes = page_bytes;
                      if (configure) configure(settings);
                    }});
    sender = service->NewSender();
  }

  std::string OfSystem() const { return "/api/events/partner-system/" + sender.system_id; }
  std::string OfPartner() const { return "/api/events/partner/" + sender.partner_id; }

  /// Sends lines, and waits until they can be read.
  void Ingest(const TestSender& by, const std::string& lines) {
    const auto answer =
        HttpClient(service->port())
            .Post("/api/events/ingest/batch", lines, {{"X-API-Key", by.key}, {"Content-Type", "application/x-ndjson"}});
    REQUIRE(answer.status == 202);
    const auto position = JsonString(answer.body, "position");
    const auto read =
        service->Get("/api/events/partner/" + by.partner_id + "?limit=1&waitSeconds=10&minPosition=" + position);
    REQUIRE(read.status == 200);
  }

  /// Events with `bytes` of properties each, under ids from `from` on.
  static std::string Events(int from, int count, std::size_t bytes, const std::string& time = "2026-11-20T10:00:0") {
    std::string lines;
    for (int i = from; i < from + count; ++i) {
      // Many share a timestamp: the id breaks the tie.
      lines += R"({"eventId":")" + std::to_string(i) + R"(","eventName":"e","eventTimestamp":")" + time +
               std::to_string(i % 7) + R"(Z","properties":{"x":")" + std::string(bytes, 'x') + "\"}}\n";
    }
    return lines;
  }

  std::string Export(const std::string& path, const std::string& parameters) {
    const auto answer = service->Get(path + "/export" + parameters);
    REQUIRE_MESSAGE(answer.status == 200, answer.body);
    return answer.body;
  }

  /// A client that has asked for an export and reads no more than it is told to.
  std::unique_ptr<RawClient> Ask(const std::string& parameters, const std::string& token = "") {
    RawClient::Options small_buffer;
    small_buffer.receive_buffer = 16 * 1024;
    auto client = std::make_unique<RawClient>(service->port(), small_buffer);
    client->Send("GET " + OfSystem() + "/export" + parameters + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" +
                 "Authorization: Bearer " + (token.empty() ? service->admin_token() : token) + "\r\n\r\n");
    return client;
  }
};

/// All that comes until the connection ends, whatever way: lines that are whole.
std::string WholeLines(RawClient& client, std::string received = "") {
  try {
    for (auto bytes = client.ReadSome(100'000); !bytes.empty(); bytes = client.ReadSome(100'000)) received += bytes;
  } catch (const std::exception&) {  // reset
  }
  // Sizes of chunks are on lines of their own; one may come in the middle of an event.
  std::string body;
  auto at = received.find("\r\n\r\n") + 4;
  while (at < received.size()) {
    const auto end = received.find("\r\n", at);
    if (end == std::string::npos) break;
    const auto size = std::stoul(received.substr(at, end - at), nullptr, 16);
    body += received.substr(end + 2, size);
    at = end + 2 + size + 2;
  }
  return body.substr(0, body.rfind('\n') + 1);
}

}  // namespace

TEST_SUITE("exports") {
  TEST_CASE("an export is the union of the pages, for every filter, in both orders") {
    Exporting api;
    (void)api.service->Publish(api.sender, "purchase", kPurchase);
    TestSender app = api.sender;
    app.system_id = JsonString(
        api.service->Post("/api/partners/" + app.partner_id + "/systems", R"({"name":"app"})").body, "partnerSystemId");
    app.key = JsonString(api.service->Post("/api/systems/" + app.system_id + "/keys", R"({"name":"t"})").body, "key");
    std::mt19937 random(7);
    const auto of = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    std::string correlation;
    for (const auto& by : {api.sender, app}) {
      std::string lines;
      for (int i = 0; i < 120; ++i) {
        lines += R"({"eventName":")" + std::string(of(2) ? "purchase" : "view") + R"(","userId":)" +
                 (of(3) ? "\"u" + std::to_string(of(3)) + "\"" : "null") + R"(,"anonymousId":"a)" +
                 std::to_string(of(3)) + R"(","eventTimestamp":"2026-11-)" + std::to_string(10 + of(9)) +
                 R"(T10:00:00Z","properties":{"amount":)" + std::to_string(of(100) - 20) + R"(,"currency":")" +
                 (of(2) ? "EUR" : "GBP") + "\"}}\n";
      }
      api.Ingest(by, lines);
    }
    correlation = JsonString(api.service->Get(api.OfSystem() + "?limit=1").body, "correlationId");
    const std::vector<std::string> filters = {"",
                                              "&eventName=purchase",
                                              "&from=2026-11-12T00:00:00Z&to=2026-11-16T00:00:00Z",
                                              "&userId=u1",
                                              "&anonymousId=a2",
                                              "&correlationId=" + correlation,
                                              "&isValid=false",
                                              "&verdict=valid",
                                              "&verdict=invalid",
                                              "&violation.keyword=enum",
                                              "&violation.pointer=/amount",
                                              "&violation.keyword=minimum&violation.pointer=/amount",
                                              "&property.currency=EUR",
                                              "&property.currency!=EUR",
                                              "&property.amount>=50",
                                              "&property.amount<10&property.amount>=0&eventName=view",
                                              "&userId=nobody"};
    std::size_t found = 0;
    for (const auto& path : {api.OfSystem(), api.OfPartner()}) {
      for (const auto& filter : filters) {
        for (const std::string order : {"?order=asc", "?order=desc"}) {
          CAPTURE(order + filter);
          std::string pages, cursor;
          do {
            const auto page = api.service->Get(path + order + filter + "&limit=40" + cursor).body;
            pages += page;
            cursor = JsonString(page, "nextCursor");
            if (!cursor.empty()) cursor = "&cursor=" + cursor;
          } while (!cursor.empty());
          const auto lines = api.Export(path, order + filter);
          const auto ids = IdsOf(lines);
          CHECK(ids == IdsOf(pages));
          CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == ids.size());
          CHECK(ValuesOf(lines, "cursor").size() == ids.size());
          found += ids.size();
          const auto first = lines.substr(0, lines.find(",\"cursor\""));
          CHECK(Has(pages, first));
        }
      }
    }
    CHECK(found > 1'000);
  }

  TEST_CASE("what was cut goes on behind any whole line, and nothing is skipped or repeated") {
    Exporting api;
    api.Ingest(api.sender, Exporting::Events(0, 60, 200));
    for (const std::string order : {"?order=asc", "?order=desc"}) {
      const auto lines = api.Export(api.OfSystem(), order);
      const auto records = api.Export(api.OfPartner(), order + "&format=csv");
      const auto line_ends = EndsOf(lines, "\n"), record_ends = EndsOf(records, "\r\n");
      REQUIRE(line_ends.size() == 60);
      REQUIRE(record_ends.size() == 61);  // with the names of the columns
      const auto cursors = ValuesOf(lines, "cursor");
      for (std::size_t i = 0; i < 60; ++i) {
        const auto rest = api.Export(api.OfSystem(), order + "&cursor=" + cursors[i]);
        REQUIRE(lines.substr(line_ends[i]) == rest);
        const auto end = record_ends[i + 1];
        const auto comma = records.rfind(',', end);
        const auto cursor = records.substr(comma + 1, end - 2 - comma - 1);
        const auto more = api.Export(api.OfPartner(), order + "&format=csv&cursor=" + cursor);
        REQUIRE(records.substr(end) == more);
      }
      // One question, one cursor: of a page, too.
      const auto page = api.service->Get(api.OfSystem() + order + "&limit=1").body;
      CHECK(lines.substr(line_ends[0]) ==
            api.Export(api.OfSystem(), order + "&cursor=" + JsonString(page, "nextCursor")));
      CHECK(api.service->Get(api.OfSystem() + "/export?eventName=x&cursor=" + cursors[3]).status == 422);
      CHECK(api.service->Get(api.OfPartner() + "/export" + order + "&cursor=" + cursors[3]).status == 422);
    }
  }

  TEST_CASE("limit is of the whole export") {
    Exporting api;
    api.Ingest(api.sender, Exporting::Events(0, 40, 200));
    const auto all = IdsOf(api.Export(api.OfSystem(), ""));
    for (const int limit : {1, 9, 10, 11, 39, 40, 41, 2'000}) {
      auto expected = all;
      expected.resize(std::min<std::size_t>(all.size(), static_cast<std::size_t>(limit)));
      CHECK(IdsOf(api.Export(api.OfSystem(), "?limit=" + std::to_string(limit))) == expected);
    }
    CHECK(api.service->Get(api.OfSystem() + "/export?limit=0").status == 422);
    CHECK(api.service->Get(api.OfSystem() + "/export?limit=-1").status == 422);
    CHECK(api.service->Get(api.OfSystem() + "/export?limit=x").status == 422);
  }

  TEST_CASE("while events arrive, nothing that was there at the start is skipped or repeated") {
    Exporting api({}, 100'000);
    // More than sockets hold, so that the export is in the middle when the others come.
    for (int i = 0; i < 8; ++i) api.Ingest(api.sender, Exporting::Events(i * 1'000, 1'000, 1'500));
    const auto before = IdsOf(api.Export(api.OfSystem(), ""));
    REQUIRE(before.size() == 8'000);
    for (const std::string order : {"?order=asc", "?order=desc"}) {
      const auto client = api.Ask(order);
      auto received = client->ReadSome(1'000);
      const int first = order == "?order=asc" ? 10'000 : 20'000;
      api.Ingest(api.sender, Exporting::Events(first, 200, 10));
      api.Ingest(api.sender, Exporting::Events(first + 1'000, 200, 10, "2026-11-20T09:00:0"));
      api.Ingest(api.sender, Exporting::Events(first + 2'000, 200, 10, "2026-11-20T11:00:0"));
      const auto ids = IdsOf(WholeLines(*client, std::move(received)));
      const std::set<std::string> distinct(ids.begin(), ids.end());
      CHECK(distinct.size() == ids.size());
      CHECK(std::all_of(before.begin(), before.end(), [&](const auto& id) { return distinct.contains(id); }));
    }
  }

  TEST_CASE("fifty clients that do not read hold no thread and no connection, and their partner waits for its turn") {
    Exporting api(
        [](infrastructure::Settings& settings) {
          settings.read_pool = 1;
          settings.export_threads = 1;
          settings.max_partner_exports = 50;
        },
        100'000);
    const auto other = api.service->NewSender();
    for (int i = 0; i < 6; ++i) api.Ingest(api.sender, Exporting::Events(i * 1'000, 1'000, 1'500));
    api.Ingest(other, Exporting::Events(0, 5, 10));
    std::vector<std::unique_ptr<RawClient>> stalled;
    for (int i = 0; i < 50; ++i) {
      stalled.push_back(api.Ask(""));
      CHECK(stalled.back()->ReadSome(15) == "HTTP/1.1 200 OK");
    }
    const auto refused = api.service->Get(api.OfSystem() + "/export");
    CHECK(refused.status == 429);
    CHECK(refused.Header("Retry-After"));
    CHECK(Has(refused.body, "as many exports as it may have"));
    for (int i = 0; i < 20; ++i) {
      CHECK(api.service->Get(api.OfSystem() + "?limit=10").status == 200);
      CHECK(api.service->Ingest(api.sender, R"({"eventName":"e"})").status == 202);
      const auto theirs = api.service->Get("/api/events/partner-system/" + other.system_id + "/export");
      CHECK(IdsOf(theirs.body).size() == 5);
    }
    CHECK(IdsOf(WholeLines(*stalled.front(), "HTTP/1.1 200 OK")).size() >= 6'000);
    stalled.clear();
    WaitUntil("the partner may export again",
              [&] { return api.service->Get(api.OfSystem() + "/export?limit=1").status == 200; });
  }

  TEST_CASE("the store fails in the middle: the answer is visibly cut, and goes on where it was") {
    Exporting api({}, 100'000);
    for (int i = 0; i < 8; ++i) api.Ingest(api.sender, Exporting::Events(i * 1'000, 1'000, 1'500));
    const auto whole = api.Export(api.OfSystem(), "");
    const auto client = api.Ask("");
    auto received = client->ReadSome(1'000);
    Sql(api.stores.read_dsn(), "ALTER TABLE read.tracking_events_read_model RENAME TO away");
    const auto part = WholeLines(*client, std::move(received));
    Sql(api.stores.read_dsn(), "ALTER TABLE read.away RENAME TO tracking_events_read_model");
    REQUIRE(part.size() < whole.size());
    const auto rest = api.Export(api.OfSystem(), "?cursor=" + ValuesOf(part, "cursor").back());
    CHECK(part + rest == whole);
  }

  TEST_CASE("a token that is taken away ends what is exported with it, and another one goes on") {
    Exporting api({}, 100'000);
    for (int i = 0; i < 8; ++i) api.Ingest(api.sender, Exporting::Events(i * 1'000, 1'000, 1'500));
    const auto tokens = "/api/partners/" + api.sender.partner_id + "/tokens";
    const auto issued = api.service->Post(tokens, R"({"name":"t","scopes":["events:read"]})").body;
    const auto client = api.Ask("", JsonString(issued, "token"));
    auto received = client->ReadSome(1'000);
    REQUIRE(api.service->Send("DELETE", tokens + "/" + JsonString(issued, "serviceTokenId"), "").status < 300);
    const auto part = WholeLines(*client, std::move(received));
    const auto whole = api.Export(api.OfSystem(), "");
    REQUIRE(part.size() < whole.size());
    CHECK(part + api.Export(api.OfSystem(), "?cursor=" + ValuesOf(part, "cursor").back()) == whole);
  }

  TEST_CASE("an export says what it is, what it reflects, and that nobody should keep it") {
    Exporting api;
    api.Ingest(api.sender, Exporting::Events(0, 30, 200));
    const auto lines = api.service->Get(api.OfSystem() + "/export");
    CHECK(lines.Header("Transfer-Encoding") == "chunked");
    CHECK(lines.Header("Content-Type") == "application/x-ndjson");
    CHECK(lines.Header("Content-Disposition") == "attachment; filename=\"events-" + api.sender.system_id + ".ndjson\"");
    CHECK(lines.Header("Cache-Control") == "no-store");
    CHECK_FALSE(lines.Header("ETag"));
    CHECK(lines.Header("X-Correlation-ID"));
    const auto as_of = lines.Header("X-As-Of").value_or("");
    CHECK(as_of.starts_with(R"({"position":")"));
    CHECK(Has(as_of, R"("lagSeconds":)"));
    // What one page holds needs no chunks.
    const auto one = api.service->Get(api.OfSystem() + "/export?format=csv&limit=1");
    CHECK_FALSE(one.Header("Transfer-Encoding"));
    CHECK(one.Header("Content-Type") == "text/csv; charset=utf-8; header=present");
    CHECK(one.Header("Content-Disposition") == "attachment; filename=\"events-" + api.sender.system_id + ".csv\"");
    const auto none = api.service->Get(api.OfSystem() + "/export?eventName=none");
    CHECK(none.status == 200);
    CHECK(none.body.empty());

    const HttpClient::Headers gzip = {{"Accept-Encoding", "gzip"}};
    for (const std::string parameters : {"", "?limit=9"}) {
      const auto packed = api.service->Send("GET", api.OfSystem() + "/export" + parameters, "", gzip);
      CHECK(packed.Header("Content-Encoding") == "gzip");
      CHECK(packed.Header("Vary") == "Accept-Encoding");
      std::string unpacked;
      CHECK(api::Gunzip(packed.body, 1'000'000, unpacked) == api::GunzipOutcome::kDone);
      CHECK(unpacked == api.Export(api.OfSystem(), parameters));
    }
    const auto position = "?minPosition=" + JsonString(as_of, "position");
    CHECK(api.service->Get(api.OfSystem() + "/export" + position).status == 200);
    const auto early = api.service->Get(api.OfSystem() + "/export?waitSeconds=0&minPosition=1000000000");
    CHECK(early.status == 504);
    CHECK(Has(early.body, "does not reflect that position yet"));
    for (const std::string wrong : {"?format=xml", "?header=true", "?guardFormulas=false", "?colour=red",
                                    "?format=csv&header=1", "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"}) {
      CAPTURE(wrong);
      CHECK(api.service->Get(api.OfSystem() + "/export" + wrong).status == 422);
    }
  }

  TEST_CASE("properties stay on one line, and are the text that was sent otherwise") {
    Exporting api;
    const auto sent = R"({"eventName":"e","properties":{"a" :)"
                      "\r\n\t"
                      R"(1.0,"b":"\n\u0000","a":2}})";
    REQUIRE(api.service->Ingest(api.sender, sent).status == 202);
    (void)api.service->WaitForEvents(api.sender, 1);
    const auto lines = api.Export(api.OfSystem(), "");
    CHECK(EndsOf(lines, "\n").size() == 1);
    CHECK(Has(lines, R"("properties":{"a" :  )"
                     "\t"
                     R"(1.0,"b":"\n\u0000","a":2})"));
    const auto records = api.Export(api.OfSystem(), "?format=csv");
    CHECK(EndsOf(records, "\n").size() == 2);
    CHECK(Has(records, R"("{""a"" :  )"
                       "\t"
                       R"(1.0,""b"":""\n\u0000"",""a"":2}")"));
  }

  TEST_CASE("CSV has names, quotes its texts, and no formulas unless they are wanted") {
    Exporting api;
    const std::vector<std::string> users = {"plain", "=1+1",        "+1",        "-1",
                                            "@x",    "\\tx",        "'quoted",   "say \\\"hi\\\", x",
                                            "",      "two\\nlines", "\uFF1D1+1", "a=b"};
    std::string lines;
    for (std::size_t i = 0; i < users.size(); ++i) {
      lines += R"({"eventName":"e","eventTimestamp":"2026-11-20T10:00:)" + std::to_string(10 + i) + R"(Z","userId":")" +
               users[i] + "\"}\n";
    }
    lines += R"({"eventName":"e","eventTimestamp":"2026-11-20T10:00:59Z"})"
             "\n";
    api.Ingest(api.sender, lines);
    const auto guarded = api.Export(api.OfSystem(), "?format=csv&order=asc");
    CHECK(guarded.starts_with(
        "trackingEventId,partnerId,partnerName,partnerSystemId,partnerSystemName,eventId,eventName,"
        "eventTimestamp,userId,anonymousId,isValid,schemaVersion,verdict,validationErrors,properties,"
        "correlationId,createdAt,position,cursor\r\n"));
    const auto field = [](const std::string& text) { return "Z," + text + ",,"; };  // between timestamp and anonymousId
    for (const std::string user : {"plain", "'=1+1", "'+1", "'-1", "'@x", "'\tx", "''quoted", "say \"\"hi\"\", x", "",
                                   "two\nlines", "'\uFF1D1+1", "a=b"}) {
      CAPTURE(user);
      CHECK(Has(guarded, field("\"" + user + "\"")));
    }
    CHECK(Has(guarded, "2026-11-20T10:00:59.000000Z,,,"));
    const auto exact = api.Export(api.OfSystem(), "?format=csv&order=asc&guardFormulas=false");
    for (const std::string user : {"=1+1", "+1", "-1", "@x", "\tx", "'quoted", "\uFF1D1+1"})
      CHECK(Has(exact, field("\"" + user + "\"")));
    const auto bare = api.Export(api.OfSystem(), "?format=csv&order=asc&header=false");
    CHECK(guarded.ends_with("\r\n" + bare));
    const auto cursor = ValuesOf(api.Export(api.OfSystem(), "?order=asc&limit=1"), "cursor").front();
    CHECK(Has(api.Export(api.OfSystem(), "?format=csv&order=asc&header=true&cursor=" + cursor), ",cursor\r\n"));
  }

  TEST_CASE("an export shows its partner's events alone, and one that is not the asker's is not there") {
    Exporting api;
    const auto other = api.service->NewSender();
    api.Ingest(api.sender, Exporting::Events(0, 30, 200));
    api.Ingest(other, Exporting::Events(100, 30, 200));
    api.service->NewMember(other.partner_id, "ada@other.example", "analyst");
    const auto ada = TestService::As(JsonString(api.service->LogIn("ada@other.example").body, "accessToken"));
    HttpClient client(api.service->port());
    const auto nowhere = client.Get("/api/events/partner/01a1f8b5-2daa-7540-afa2-97ece2294f56/export", ada);
    const auto theirs = client.Get(api.OfPartner() + "/export", ada);
    CHECK(theirs.status == 404);
    CHECK(JsonString(theirs.body, "detail") == JsonString(nowhere.body, "detail"));
    CHECK(client.Get(api.OfSystem() + "/export", ada).status == 404);
    const auto ours = client.Get("/api/events/partner/" + other.partner_id + "/export", ada).body;
    CHECK(IdsOf(ours).size() == 30);
    CHECK_FALSE(Has(ours, api.sender.partner_id));
    const auto cursor = ValuesOf(api.Export(api.OfPartner(), ""), "cursor").front();
    CHECK(client.Get("/api/events/partner/" + other.partner_id + "/export?cursor=" + cursor, ada).status == 422);
  }
}
