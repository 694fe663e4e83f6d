#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;
using namespace volcanion::test;

namespace {

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

TEST_SUITE("verdicts of ingestion") {
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
    CHECK(Has(answer.body, "could not be judged: "));  // for its steps, or its time on a slow machine
    CHECK(Has(answer.body, "have used up the time of the request"));
    CHECK(api.Ask("SELECT count(*) FROM write.tracking_events WHERE is_unjudged") == "1000");
    const auto validated = api.service.Post("/api/structures/validate",
                                            R"({"schema":)" + Doubling() + R"(,"documents":[{"a":1},{"a":null},{}]})");
    CHECK(Has(validated.body, R"({"results":[{"isValid":false,"verdict":"unjudged",)"));
    CHECK(Has(validated.body, R"("verdict":"valid","validationErrors":[]}]})"));
  }
}
