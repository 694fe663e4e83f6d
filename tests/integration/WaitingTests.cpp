#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;
using namespace std::chrono_literals;

namespace {

/// An API without a projection, whose read store is as fresh as a test says; two threads answer questions.
struct StillApi {
  TestStores stores;
  TestService service{stores,
                      {.sync = false, .configure = [](infrastructure::Settings& settings) { settings.read_pool = 2; }}};
  TestSender sender = service.NewSender();
  std::string list = "/api/events/partner-system/" + sender.system_id;

  StillApi() { Reach(5); }
  void Reach(int position) {
    Sql(stores.read_dsn(), "UPDATE read.freshness SET position = " + std::to_string(position) + ", instant = now()");
  }
  RawResponse Get(const std::string& parameters) { return service.Get(list + parameters); }
};

}  // namespace

TEST_SUITE("waiting for a position") {
  TEST_CASE("a writer reads what it has just written") {
    Api api;
    for (int i = 0; i < 5; ++i) {
      const auto id = "e" + std::to_string(i);
      const auto position = JsonString(api.Ingest(R"({"eventName":"e","eventId":")" + id + "\"}").body, "position");
      const auto answer = api.service.Get("/api/events/partner-system/" + api.sender.system_id +
                                          "?waitSeconds=10&minPosition=" + position);
      CHECK(answer.status == 200);
      CHECK(Has(answer.body, "\"eventId\":\"" + id + "\""));
    }
  }

  TEST_CASE("what the read store reflects is answered at once, and what it does not is 504 with what there is") {
    StillApi api;
    CHECK(api.Get("?minPosition=5&waitSeconds=0").status == 200);
    for (const std::string wait : {"0", "1"}) {
      const auto early = api.Get("?minPosition=6&waitSeconds=" + wait);
      CHECK(early.status == 504);
      CHECK(Has(early.body, R"({"items":[],"nextCursor":null,"asOf":{"position":"5","lagSeconds":)"));
    }
    const auto event = api.service.Get("/api/events/01a1f8b5-2daa-7540-afa2-97ece2294f56?minPosition=6&waitSeconds=0");
    CHECK(event.status == 404);
    CHECK(api.service.Get("/api/partners/" + api.sender.partner_id + "/unknown-events?minPosition=6&waitSeconds=0")
              .status == 504);
    CHECK(api.service.Get("/api/events/partner/" + api.sender.partner_id + "?minPosition=5").status == 200);
  }

  TEST_CASE("parameters that make no sense are refused") {
    StillApi api;
    for (const std::string wrong :
         {"?minPosition=x", "?minPosition=-1", "?minPosition=", "?minPosition=99999999999999999999", "?waitSeconds=11",
          "?waitSeconds=-1", "?waitSeconds=1.5"}) {
      CAPTURE(wrong);
      CHECK(api.Get(wrong).status == 422);
    }
  }

  TEST_CASE("those who wait hold no thread, and all are answered when the position comes") {
    StillApi api;
    std::vector<std::future<RawResponse>> waiting;
    for (int i = 0; i < 12; ++i) {  // two threads answer
      waiting.push_back(std::async(std::launch::async, [&api] { return api.Get("?minPosition=6&waitSeconds=10"); }));
    }
    // Others are answered meanwhile; the position comes while some wait, however late they are.
    for (int i = 0; i < 5; ++i) CHECK(api.Get("?minPosition=5").status == 200);
    CHECK(api.service.Get("/api/partners/" + api.sender.partner_id).status == 200);
    api.Reach(6);
    for (auto& answer : waiting) {
      const auto answered = answer.get();
      CHECK(answered.status == 200);
      CHECK(Has(answered.body, R"("asOf":{"position":"6")"));
    }
  }

  TEST_CASE("whoever waits when the server stops is answered") {
    std::future<RawResponse> waiting;
    {
      StillApi api;
      std::promise<void> sent;
      waiting = std::async(
          std::launch::async, [&, port = api.service.port(), headers = api.service.AsAdmin(), path = api.list] {
            RawClient client(port);
            std::string request = "GET " + path + "?minPosition=6&waitSeconds=10 HTTP/1.1\r\nHost: x\r\n";
            for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
            client.Send(request + "\r\n");
            sent.set_value();
            return client.ReadResponse();
          });
      sent.get_future().wait();
      CHECK(api.Get("?minPosition=5").status == 200);
    }
    const auto status = waiting.get().status;
    CHECK((status == 504 || status == 503));
  }
}

TEST_SUITE("answers that are the same") {
  TEST_CASE("a tag that is known is answered without a body, and says how fresh that is") {
    StillApi api;
    const auto first = api.Get("");
    REQUIRE(first.Header("ETag").has_value());
    const auto tag = *first.Header("ETag");
    CHECK(first.Header("Cache-Control") == "private, no-cache");
    for (const auto& known : {tag, "W/\"x\", " + tag, std::string("*"), tag.substr(2)}) {
      CAPTURE(known);
      const auto same = api.service.Send("GET", api.list, "", {{"If-None-Match", known}});
      CHECK(same.status == 304);
      CHECK(same.body.empty());
      CHECK(same.Header("ETag") == tag);
      CHECK(same.Header("X-As-Of").value_or("").starts_with(R"({"position":"5","lagSeconds":)"));
    }
    CHECK(api.service.Send("GET", api.list, "", {{"If-None-Match", "W/\"0000000000000000\""}}).status == 200);
    CHECK(api.service.Send("GET", api.list + "?minPosition=6&waitSeconds=0", "", {{"If-None-Match", tag}}).status ==
          504);
  }

  TEST_CASE("new events have a new tag") {
    Api api;
    const auto path = "/api/events/partner/" + api.sender.partner_id;
    const auto tag = api.service.Get(path).Header("ETag").value();
    CHECK(api.Ingest(R"({"eventName":"e"})").status == 202);
    (void)api.service.WaitForEvents(api.sender, 1);
    const auto changed = api.service.Send("GET", path, "", {{"If-None-Match", tag}});
    CHECK(changed.status == 200);
    CHECK(changed.Header("ETag") != tag);
  }

  TEST_CASE("what is kept is used, and not by who asks for something new") {
    StillApi api;
    const auto count = [&](const std::string& outcome) {
      const auto metrics = HttpClient(api.service.admin_port()).Get("/metrics").body;
      const auto mark = "volcanion_cache_lookups_total{outcome=\"" + outcome + "\"} ";
      return std::stoi(metrics.substr(metrics.find(mark) + mark.size()));
    };
    const auto first = api.Get("?limit=7&order=asc");
    CHECK(count("miss") == 1);
    CHECK(api.Get("?order=asc&limit=7").Header("ETag") == first.Header("ETag"));  // the same question
    CHECK(count("hit") == 1);
    CHECK(api.Get("?order=asc&limit=8").status == 200);
    CHECK(count("miss") == 2);
    CHECK(api.service.Send("GET", api.list + "?limit=7&order=asc", "", {{"Cache-Control", "max-age=0, no-cache"}})
              .status == 200);
    CHECK(count("bypass") == 1);
    CHECK(count("hit") == 1);

    // Long enough for answers that are made anew behind those who ask.
    int asked = 4;
    for (const auto end = std::chrono::steady_clock::now() + 500ms; std::chrono::steady_clock::now() < end; ++asked) {
      CHECK(api.Get("?limit=7&order=asc").status == 200);
    }
    CHECK(count("hit") + count("miss") + count("bypass") == asked);
  }
}
