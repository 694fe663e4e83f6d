#include "tests/support/RollUps.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

using namespace volcanion;
using test::JsonString;
using test::Sql;
using test::TestSender;
using test::TestService;
using test::TestStores;

namespace {

constexpr char kFrom0[] =
    R"({"properties":{"amount":{"minimum":0},"items":{"items":{"properties":{"n":{"type":"integer"}}}}}})";
constexpr char kAnything[] = "{}";

std::string Versions(const TestSender& sender, const std::string& name, int version) {
  return "/api/partners/" + sender.partner_id + "/structures/" + name + "/versions/" + std::to_string(version);
}

/// The job, once it has ended.
std::string Ended(TestService& service, const std::string& location) {
  std::string body;
  test::WaitUntil("the job has ended", [&] {
    body = service.Get(location).body;
    return JsonString(body, "state") != "queued" && JsonString(body, "state") != "running";
  });
  return body;
}

std::string LocationOf(const test::RawResponse& answer) {
  return "/api/partners/" + JsonString(answer.body, "partnerId") + "/jobs/" + JsonString(answer.body, "jobId");
}

bool Has(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

}  // namespace

TEST_SUITE("job routes") {
  TEST_CASE("impact is asked for, followed and read") {
    const TestStores stores;
    TestService service(stores);
    const auto sender = service.NewSender();
    REQUIRE(service.Publish(sender, "big purchase", kAnything) == 1);
    REQUIRE(service.Publish(sender, "big purchase", kFrom0) == 2);
    const std::string head = R"({"eventName":"big purchase","schemaVersion":1,"properties":{"amount":)";
    CHECK(service.Ingest(sender, head + "5}}").status == 202);
    CHECK(service.Ingest(sender, head + "-5}}").status == 202);
    CHECK(service.Ingest(sender, head + R"(1,"items":[{"n":1},{"n":"x"},{"n":"y"}]}})").status == 202);
    (void)service.WaitForEvents(sender, 3);

    const auto asked = service.Post(Versions(sender, "big%20purchase", 2) + "/impact", R"({"days":1,"sample":1000})");
    REQUIRE(asked.status == 202);
    CHECK(asked.Header("Location") == LocationOf(asked));
    CHECK(JsonString(asked.body, "state") == "queued");
    const auto body = Ended(service, LocationOf(asked));
    CHECK(JsonString(body, "state") == "succeeded");
    CHECK(Has(body, R"("sampling":"all")"));
    CHECK(Has(body, R"("events":3,"turnedInvalid":2,"turnedValid":0,"stayedValid":1,"stayedInvalid":0,"violating":2)"));
    CHECK(Has(body, R"({"pointer":"/items/*/n","keyword":"type","count":1,"examples":[{"trackingEventId":")"));
    CHECK(Has(body, R"("partnerSystemName":"web","events":3)"));
    CHECK(Has(body, R"("progress":{"done":3,"total":3})"));
    CHECK(Has(service.Get("/api/partners/" + sender.partner_id + "/jobs").body, JsonString(asked.body, "jobId")));
  }

  TEST_CASE("a schema that is no version is tried on stored events, and stays none") {
    const TestStores stores;
    TestService service(stores);
    const auto sender = service.NewSender();
    REQUIRE(service.Publish(sender, "purchase", kAnything) == 1);
    CHECK(service.Ingest(sender, R"({"eventName":"purchase","properties":{"amount":-5}})").status == 202);
    CHECK(service.Ingest(sender, R"({"eventName":"purchase","properties":{"amount":5}})").status == 202);
    (void)service.WaitForEvents(sender, 2);
    const auto trial = "/api/partners/" + sender.partner_id + "/structures/impact";
    const auto before = Sql(stores.write_dsn(), "SELECT count(*) FROM write.audit_log");

    const auto asked = service.Post(trial, R"({"eventName":"purchase","days":1,"schema":)" + std::string(kFrom0) + "}");
    REQUIRE_MESSAGE(asked.status == 202, asked.body);
    CHECK(asked.Header("Location") == LocationOf(asked));
    const auto body = Ended(service, LocationOf(asked));
    CHECK(Has(body, R"("request":{"eventName":"purchase","version":null,"structureOf":null)"));
    CHECK(Has(body, R"("events":2,"turnedInvalid":1,"turnedValid":0,"stayedValid":1)"));
    const auto of_system = service.Post(
        trial, R"({"eventName":"purchase","schema":{"type":"array"},"partnerSystemId":")" + sender.system_id + R"("})");
    REQUIRE_MESSAGE(of_system.status == 202, of_system.body);
    CHECK(Has(Ended(service, LocationOf(of_system)), R"("turnedInvalid":2)"));

    const auto refused = service.Post(trial, R"({"eventName":"purchase","schema":{"type":"objekt"}})");
    CHECK(refused.status == 422);
    CHECK(Has(refused.body, R"("pointer":"/schema/type")"));
    CHECK(service.Post(trial, R"({"eventName":"","schema":{}})").status == 422);
    CHECK(service.Post(trial, R"({"eventName":"purchase","schema":{},"days":0})").status == 422);
    const auto nowhere = "/api/partners/01a1f8b5-2daa-7540-afa2-97ece2294f56/structures/impact";
    CHECK(service.Post(nowhere, R"({"eventName":"purchase","schema":{}})").status == 404);
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.event_structures") == "1");
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.audit_log") == before);
  }

  TEST_CASE("events are judged again: preview, then apply; a repetition is answered with the first verdict") {
    const TestStores stores;
    TestService service(stores);
    const auto sender = service.NewSender();
    REQUIRE(service.Publish(sender, "purchase", kFrom0) == 1);
    const std::string event =
        R"({"eventId":"e1","eventName":"purchase","eventTimestamp":"2026-11-20T10:00:00Z","properties":{"amount":-5}})";
    const auto first = service.Ingest(sender, event);
    CHECK(Has(first.body, R"("isValid":false)"));
    const auto id = JsonString(service.WaitForEvents(sender, 1), "trackingEventId");
    REQUIRE(service.Publish(sender, "purchase", kAnything) == 2);

    const std::string range = R"("from":"2026-11-20T00:00:00Z","to":"2026-11-21T00:00:00Z")";
    const auto preview = service.Post(Versions(sender, "purchase", 2) + "/judge-again", "{" + range + "}");
    REQUIRE(preview.status == 202);
    CHECK(Has(Ended(service, LocationOf(preview)), R"("turnedValid":1)"));
    CHECK(Has(service.Get("/api/events/" + id).body, R"("isValid":false,"schemaVersion":1)"));
    CHECK(Has(service.Get("/api/events/" + id + "/verdicts").body,
              R"({"items":[{"isValid":false,"schemaVersion":1,"verdict":"invalid",)"));
    CHECK(service.Get("/api/events/x/verdicts").status == 404);

    const auto apply =
        service.Post(Versions(sender, "purchase", 2) + "/judge-again",
                     "{" + range + R"(,"verdict":"all","apply":true,"partnerSystemId":")" + sender.system_id + R"("})");
    REQUIRE(apply.status == 202);
    CHECK(Has(Ended(service, LocationOf(apply)), R"("verdictsChanged":1)"));
    test::WaitUntil("the new verdict can be read", [&] {
      return Has(service.Get("/api/events/" + id).body,
                 R"("isValid":true,"schemaVersion":2,"verdict":"valid","validationErrors":[])");
    });
    const auto verdicts = service.Get("/api/events/" + id + "/verdicts").body;
    const auto second =
        verdicts.find(R"({"isValid":true,"schemaVersion":2,"verdict":"valid","validationErrors":[],"judgedAt":")");
    CHECK(second == std::string(R"({"items":[)").size());
    CHECK(verdicts.find(
              R"({"isValid":false,"schemaVersion":1,"verdict":"invalid","validationErrors":[{"pointer":"/amount")") >
          second);
    CHECK(JsonString(verdicts, "jobId") == JsonString(apply.body, "jobId"));
    CHECK(verdicts.ends_with(R"("jobId":null}]})"));

    const auto again = service.Ingest(sender, event);
    CHECK(JsonString(again.body, "status") == "duplicate");
    CHECK(Has(again.body, R"("isValid":false,"schemaVersion":1)"));
    CHECK(JsonString(again.body, "keyword") == "minimum");
    CHECK(JsonString(again.body, "position") == JsonString(first.body, "position"));
  }

  TEST_CASE("events that arrive while verdicts change are all there in the end, each with one verdict") {
    const TestStores stores;
    TestService service(stores);
    const auto sender = service.NewSender();
    REQUIRE(service.Publish(sender, "purchase", kFrom0) == 1);
    REQUIRE(service.Publish(sender, "purchase", kAnything) == 2);
    std::atomic<bool> over = false;
    std::atomic<int> sent = 0;
    std::jthread client([&] {
      while (!over) {
        const auto answer =
            service.Ingest(sender, R"({"eventName":"purchase","schemaVersion":1,"properties":{"amount":-)" +
                                       std::to_string(++sent) + "}}");
        CHECK(answer.status == 202);
      }
    });
    test::WaitUntil("some have arrived", [&] { return sent > 20; });
    const auto apply = service.Post(Versions(sender, "purchase", 2) + "/judge-again",
                                    R"({"from":"2000-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z","apply":true})");
    const auto body = Ended(service, LocationOf(apply));
    over = true;
    client.join();
    CHECK(JsonString(body, "state") == "succeeded");
    const auto total = std::to_string(sent);
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.tracking_events") == total);
    test::WaitUntil("all is projected",
                    [&] { return Sql(stores.write_dsn(), "SELECT count(*) FROM write.outbox") == "0"; });
    const std::string by_verdict =
        "SELECT string_agg(is_valid || ':' || n, ' ' ORDER BY is_valid) FROM (SELECT is_valid, ";
    const auto counted =
        Sql(stores.read_dsn(), by_verdict + "count(*) AS n FROM read.tracking_events_read_model GROUP BY 1) AS c");
    CHECK(test::RolledUp(stores.read_dsn()) == test::CountedIn(stores.read_dsn(), "read.tracking_events_read_model"));
    CHECK(Sql(stores.write_dsn(), by_verdict + "count(*) AS n FROM write.tracking_events GROUP BY 1) AS c") == counted);
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.judgements") ==
          Sql(stores.write_dsn(), "SELECT count(*) FROM write.tracking_events WHERE is_valid"));
  }

  TEST_CASE("a job is cancelled, as often as one likes; another partner's is not there") {
    const TestStores stores;
    TestService service(stores);
    const auto sender = service.NewSender(), other = service.NewSender();
    REQUIRE(service.Publish(sender, "purchase", kFrom0) == 1);
    const auto asked = service.Post(Versions(sender, "purchase", 1) + "/impact", "{}");
    const auto id = JsonString(asked.body, "jobId");
    const auto cancel = [&](const std::string& path) {
      return test::HttpClient(service.port()).Send("DELETE", path, "", service.AsAdmin());
    };
    for (int i = 0; i < 2; ++i) CHECK(cancel(LocationOf(asked)).status == 200);
    const auto foreign = "/api/partners/" + other.partner_id + "/jobs/";
    const auto nowhere = service.Get(foreign + "01a1f8d2-0000-7000-8000-000000000000");
    CHECK(nowhere.status == 404);
    const auto hidden = service.Get(foreign + id);
    CHECK(hidden.status == 404);
    CHECK(JsonString(hidden.body, "detail") == JsonString(nowhere.body, "detail"));
    CHECK(cancel(foreign + id).status == 404);
    CHECK_FALSE(Has(service.Get("/api/partners/" + other.partner_id + "/jobs").body, id));
    CHECK(test::HttpClient(service.port()).Get(LocationOf(asked), {{"X-API-Key", sender.key}}).status == 403);
  }

  TEST_CASE("every fault of a request is named") {
    const TestStores stores;
    TestService service(stores);
    const auto sender = service.NewSender();
    REQUIRE(service.Publish(sender, "purchase", kFrom0) == 1);
    const auto path = Versions(sender, "purchase", 1);
    const auto impact = service.Post(path + "/impact", R"({"days":"7","sample":1.5,"partnerSystemId":"web","x":1})");
    CHECK(impact.status == 422);
    for (const char* pointer : {"/days", "/sample", "/partnerSystemId", "/x"}) {
      CHECK(Has(impact.body, "\"pointer\":\"" + std::string(pointer) + "\""));
    }
    CHECK(Has(service.Post(path + "/impact", R"({"days":0,"sample":1000001})").body, "/sample"));
    const auto judge = service.Post(path + "/judge-again", R"({"to":"now","verdict":"valid","apply":"yes"})");
    CHECK(judge.status == 422);
    for (const char* pointer : {"/from", "/to", "/verdict", "/apply"}) {
      CHECK(Has(judge.body, "\"pointer\":\"" + std::string(pointer) + "\""));
    }
    CHECK(service.Post(Versions(sender, "purchase", 2) + "/impact", "{}").status == 404);
    CHECK(service.Post(Versions(sender, "%ff", 1) + "/impact", "{}").status == 404);
    CHECK(service.Post(Versions(sender, "a%00b", 1) + "/impact", "{}").status == 404);
    CHECK(service.Post("/api/partners/x/structures/purchase/versions/1/impact", "{}").status == 404);
    const auto jobs = "/api/partners/" + sender.partner_id + "/jobs";
    CHECK(service.Get(jobs + "?limit=0&cursor=x&y=1").status == 422);
    CHECK(service.Get(jobs + "/x").status == 404);
  }
}
