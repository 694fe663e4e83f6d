#include "Api/BlockingPool.h"
#include "Api/Http/Exchange.h"
#include "Api/Http/Gzip.h"
#include "Api/Json/BodyReader.h"
#include "Api/Json/EventDecoder.h"
#include "Api/Json/JsonSplit.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Middleware/Call.h"
#include "Api/Middleware/ClientAddress.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Middleware/RateLimiter.h"
#include "Api/Middleware/RunBlocking.h"
#include "Api/Router.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "tests/support/RecordedLog.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

using namespace volcanion;
using namespace volcanion::api;

namespace {

const EventLimits kLimits{.max_event_bytes = 10'000, .max_batch_events = 3};

/// The code and pointer of the first fault, "ok" without one.
template <typename T>
std::string FaultOf(const domain::Result<T>& result) {
  if (result) return "ok";
  const auto& fault = result.error().faults.front();
  return fault.code + " at " + (fault.pointer.empty() ? "root" : fault.pointer);
}

std::string EventFault(std::string_view text) { return FaultOf(DecodeEvent(text, kLimits).report); }

Headers With(std::string name, std::string value) {
  Headers headers;
  headers.Add(std::move(name), std::move(value));
  return headers;
}

Request From(std::string peer, std::initializer_list<std::pair<const char*, const char*>> headers) {
  Request request;
  request.remote_address = std::move(peer);
  for (const auto& [name, value] : headers) request.headers.Add(name, value);
  return request;
}

/// Tells which status a request was answered with.
struct AnsweredStatus final : Responder::Exchange {
  void Answer(Response response) override { status.set_value(response.status); }
  void AnswerMade(std::function<Response()> make) override { Answer(make()); }
  void Abandon() override { status.set_value(500); }
  void Continue(std::string, bool) override {}
  void BreakOff() override {}

  std::promise<int> status;
};

}  // namespace

TEST_SUITE("splitting JSON") {
  TEST_CASE("members keep their exact bytes") {
    const std::string text =
        " { \"a\" : [1, {\"b\":2} ] ,\"c\":\"x\\ny\",\n\"d\":-1.50e+3,\"e\":{}, \"f\":null,\"g\":true}\n";
    const auto members = SplitObject(text);
    REQUIRE(members.ok());
    REQUIRE(members->size() == 6);
    const auto check = [&](std::size_t i, const char* name, JsonKind kind, const char* bytes) {
      CHECK((*members)[i].name == name);
      CHECK((*members)[i].value.kind == kind);
      CHECK((*members)[i].value.In(text) == bytes);
    };
    check(0, "a", JsonKind::kArray, "[1, {\"b\":2} ]");
    check(1, "c", JsonKind::kString, "\"x\\ny\"");
    CHECK((*members)[1].value.string == "x\ny");
    check(2, "d", JsonKind::kNumber, "-1.50e+3");
    check(3, "e", JsonKind::kObject, "{}");
    check(4, "f", JsonKind::kNull, "null");
    check(5, "g", JsonKind::kBoolean, "true");
  }

  TEST_CASE("numbers of any size and lone surrogates are JSON") {
    const std::string text = R"({"a":1e131071,"b":"\ud800","p":{"x":-2e999999,"y":"\udfff"},"z":[1e9999]})";
    const auto members = SplitObject(text);
    REQUIRE(members.ok());
    CHECK((*members)[0].value.In(text) == "1e131071");
    CHECK((*members)[1].value.string == "\xEF\xBF\xBD");
    CHECK((*members)[2].value.In(text) == R"({"x":-2e999999,"y":"\udfff"})");
    const auto list = (*members)[3].value.In(text);
    const auto elements = SplitArray(list);
    REQUIRE(elements.ok());
    CHECK(elements->front().In(list) == "1e9999");
  }

  TEST_CASE("what is not JSON is refused with its place") {
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("{\"a\":}"), std::string("{\"a\":1,}"), std::string("{} x"),
          std::string("{}\0", 3), std::string("{}\0{}", 5), std::string("{'a':1}"), std::string("{\"a\":01}"),
          std::string("{\"a\":\"\xff\"}"), std::string("{\"a\":\"\x01\"}"), std::string("{\"\xc0\x80\":1}"),
          std::string("NaN"), std::string("{\"a\":tru}"), std::string("{\"a\":\"\\x\"}"),
          std::string("\xEF\xBB\xBF{}")}) {
      CAPTURE(text);
      const auto members = SplitObject(text);
      REQUIRE_FALSE(members.ok());
      CHECK(members.error().kind == domain::ErrorKind::kMalformed);
      CHECK(members.error().faults.front().code == "malformed_json");
    }
  }

  TEST_CASE("64 levels are read, the 65th is too deep, and a hundred thousand do no harm") {
    const auto nested = [](int levels) {
      return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
    };
    CHECK(SplitArray(nested(kMaxJsonDepth)).ok());
    CHECK(FaultOf(SplitArray(nested(kMaxJsonDepth + 1))) == "too_deep at root");
    CHECK(FaultOf(SplitObject(std::string(100'000, '['))) == "too_deep at root");
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    CHECK(FaultOf(SplitObject(objects)) == "too_deep at root");
  }

  TEST_CASE("JSON of another kind is told apart from what is no JSON") {
    CHECK(SplitObject("[]").error().kind == domain::ErrorKind::kInvalid);
    CHECK(SplitObject("12").error().kind == domain::ErrorKind::kInvalid);
    CHECK(SplitArray("{}").error().kind == domain::ErrorKind::kInvalid);
  }
}

TEST_SUITE("decoding events") {
  TEST_CASE("all members of an event are read") {
    const std::string text =
        R"({"eventId":"e1","eventName":"purchase","eventTimestamp":"2026-11-20T10:00:00Z","userId":"u1",)"
        R"("anonymousId":"a1","schemaVersion":2,"properties":{ "amount" : 12.50 }})";
    const auto event = DecodeEvent(text, kLimits);
    REQUIRE(event.report.ok());
    const auto& report = *event.report;
    CHECK(report.event_id == "e1");
    CHECK(report.event_name == "purchase");
    CHECK(domain::FormatRfc3339(*report.event_timestamp) == "2026-11-20T10:00:00.000000Z");
    CHECK(report.user_id == "u1");
    CHECK(report.anonymous_id == "a1");
    CHECK(report.schema_version == 2);
    CHECK(report.properties() == R"({ "amount" : 12.50 })");
    CHECK(report.raw == text);
  }

  TEST_CASE("null stands for a member that is not given") {
    const auto event = DecodeEvent(
        R"({"eventName":"e","eventId":null,"eventTimestamp":null,"userId":null,"anonymousId":null,"schemaVersion":null,"properties":null})",
        kLimits);
    REQUIRE(event.report.ok());
    CHECK_FALSE(event.report->event_id.has_value());
    CHECK_FALSE(event.report->event_timestamp.has_value());
    CHECK(event.report->properties() == "{}");
  }

  TEST_CASE("each fault of an event is named with its place") {
    CHECK(EventFault(R"({"eventName":"e"})") == "ok");
    CHECK(EventFault(R"({})") == "required at /eventName");
    CHECK(EventFault(R"({"eventName":null})") == "wrong_type at /eventName");
    CHECK(EventFault(R"({"eventName":1})") == "wrong_type at /eventName");
    CHECK(EventFault(R"({"eventName":"e","userId":1})") == "wrong_type at /userId");
    CHECK(EventFault(R"({"eventName":"e","eventTimestamp":"yesterday"})") == "malformed_time at /eventTimestamp");
    CHECK(EventFault(R"({"eventName":"e","eventTimestamp":1732096800})") == "wrong_type at /eventTimestamp");
    CHECK(EventFault(R"({"eventName":"e","schemaVersion":"2"})") == "wrong_type at /schemaVersion");
    CHECK(EventFault(R"({"eventName":"e","schemaVersion":1.5})") == "wrong_type at /schemaVersion");
    CHECK(EventFault(R"({"eventName":"e","schemaVersion":99999999999})") == "wrong_type at /schemaVersion");
    CHECK(EventFault(R"({"eventName":"e","properties":[]})") == "wrong_type at /properties");
    CHECK(EventFault(R"({"eventName":"e","amount":1})") == "unknown_member at /amount");
    CHECK(EventFault(R"({"eventName":"e","a/b~c":1})") == "unknown_member at /a~1b~0c");
    CHECK(EventFault(R"({"eventName":"e","eventName":"f"})") == "duplicate_member at /eventName");
    CHECK(EventFault(R"({"eventName":"e","eventId":"a\ud800"})") == "lone_surrogate at /eventId");
    CHECK(EventFault(R"({"eventName":"\udc00"})") == "lone_surrogate at /eventName");
    CHECK(EventFault(R"({"eventName":"e","userId":"\ud83d\ude00"})") == "ok");
    CHECK(EventFault(R"({"eventName":"e","userId":"\\ud800"})") == "ok");
    CHECK(EventFault(R"([])") == "wrong_type at root");
    CHECK(EventFault(R"({"eventName":"e")") == "malformed_json at root");
    CHECK(EventFault(R"({"eventName":"e","properties":{"a":")" + std::string(10'000, 'x') + R"("}})") ==
          "too_large at root");
    CHECK(DecodeEvent(R"({"eventName":1,"userId":2,"x":3})", kLimits).report.error().faults.size() == 3);
  }

  TEST_CASE("one event's fault in a batch is its own") {
    const auto events =
        DecodeBatch(R"({"events":[{"eventName":"a"}, 7 ,{"eventName":"c","properties":{"x":1}}]})", kLimits);
    REQUIRE(events.ok());
    REQUIRE(events->size() == 3);
    CHECK((*events)[0].report.ok());
    CHECK(FaultOf((*events)[1].report) == "wrong_type at root");
    CHECK((*events)[1].raw == "7");
    CHECK((*events)[2].report->properties() == R"({"x":1})");
  }

  TEST_CASE("an event is read in a batch as it is alone, whatever its neighbours are") {
    std::string members, nested;
    for (int i = 0; i < 101; ++i) members += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
    for (int i = 0; i < 64; ++i) nested = R"({"a":)" + (nested.empty() ? "0" : nested) + "}";
    const std::vector<std::string> texts = {
        R"({"eventName":"a"})",
        R"({})",
        " {\t\"eventName\" : \"a\" ,\r\n\"properties\" :{ \"b\" : [ {\"c\":[]} , 1.50 ] } , \"userId\": null}",
        R"({"eventName":"a\u0041\n","eventId":"\u00e9","properties":{"eventName":{"properties":[{}]}}})",
        R"({"eventName":"a","eventName":"b","other":[{"eventName":1}],"schemaVersion":2})",
        R"({"eventName":"a","properties":{"n":)" + std::string(400, '9') + R"(e400}})",
        R"({"eventName":"a","schemaVersion":1e400,"userId":"u"})",
        R"({"eventName":"a","eventId":"\ud800"})",
        R"({"eventName":"a","properties":{"b":"\ud83d\ude00 \udc00"}})",
        "{\"eventName\":\"a\",\"userId\":\"\xff\"}",
        "{\"eventName\":\"a\",\"properties\":{\"\xc3\xa9\":\"\xe2\x82\xac\"}}",
        R"({"eventName":"a","properties":)" + nested + "}",
        R"({"eventName":"a","properties":{"b":)" + nested + "}}",
        "{" + members + "}",
        R"({"eventName":"a","properties":{"b":")" + std::string(10'000, 'x') + R"("}})",
        "[]",
        "7",
        "null",
        R"("text")",
    };
    const auto told = [](const application::IncomingEvent& event) {
      if (!event.report) {
        std::string text;
        for (const auto& fault : event.report.error().faults) text += fault.code + fault.pointer + fault.message + ";";
        return text;
      }
      const auto& report = *event.report;
      return report.event_id.value_or("-") + report.event_name + report.user_id.value_or("-") +
             std::to_string(report.schema_version.value_or(0)) + std::string(report.properties()) + report.raw;
    };
    const auto agree = [&](const std::string& batch, const std::vector<std::string>& expected) {
      const auto events = DecodeBatch(batch, kLimits);
      REQUIRE(events.ok());
      REQUIRE(events->size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto trimmed = std::string_view(expected[i]).substr(expected[i].find_first_not_of(' '));
        CHECK((*events)[i].raw == trimmed);
        CHECK(told((*events)[i]) == told(DecodeEvent(trimmed, kLimits)));
      }
    };
    for (const auto& text : texts) {
      CAPTURE(text.substr(0, 100));
      agree(R"({"events":[)" + text + "]}", {text});
      for (const auto& neighbour : texts)
        agree(R"( { "events" : [ )" + neighbour + " ," + text + " ] } ", {neighbour, text});
    }
  }

  TEST_CASE("a batch as a whole may be wrong") {
    CHECK(FaultOf(DecodeBatch(R"({"events":[]})", kLimits)) == "out_of_range at /events");
    CHECK(FaultOf(DecodeBatch(R"({"events":[1,2,3,4]})", kLimits)) == "too_many at /events");
    CHECK(FaultOf(DecodeBatch(R"({"events":{}})", kLimits)) == "wrong_type at /events");
    CHECK(FaultOf(DecodeBatch(R"({"event":[]})", kLimits)) == "wrong_members at root");
    CHECK(FaultOf(DecodeBatch(R"({"events":[],"x":1})", kLimits)) == "wrong_members at root");
    CHECK(FaultOf(DecodeBatch(R"([])", kLimits)) == "wrong_members at root");
    CHECK(FaultOf(DecodeBatch(R"({"events":[)", kLimits)) == "malformed_json at root");
    CHECK(FaultOf(DecodeBatch(R"({"events":[{"eventName":"a"},]})", kLimits)) == "malformed_json at root");
    CHECK(FaultOf(DecodeBatch(R"({"events":[{"eventName":"a"}]} x)", kLimits)) == "malformed_json at root");
    CHECK(FaultOf(DecodeBatch(R"({"events":[{}],"events":[{}]})", kLimits)) == "wrong_members at root");
    CHECK(FaultOf(DecodeBatch(R"({"events":[{},{},{},{}]})", kLimits)) == "too_many at /events");
    CHECK(FaultOf(DecodeBatch(R"({"events":[[{}]]})", kLimits)) == "ok");
  }

  TEST_CASE("lines are events of their own, whatever their ends") {
    const auto events = DecodeLines("{\"eventName\":\"a\"}\r\n\n  \n{broken\n{\"eventName\":\"c\"}", kLimits);
    REQUIRE(events.ok());
    REQUIRE(events->size() == 3);
    CHECK((*events)[0].report.ok());
    CHECK(FaultOf((*events)[1].report) == "malformed_json at root");
    CHECK((*events)[1].raw == "{broken");
    CHECK((*events)[2].report->event_name == "c");
    CHECK(FaultOf(DecodeLines("\n\n", kLimits)) == "out_of_range at root");
  }
}

TEST_SUITE("bodies of management requests") {
  TEST_CASE("faults of all members are told at once") {
    auto body = BodyReader::Open(R"({"name":1,"extra":2,"name":3})");
    REQUIRE(body.ok());
    (void)body->RequiredString("name");
    (void)body->RequiredJson("schema");
    const auto read = body->Finish();
    REQUIRE_FALSE(read.ok());
    std::string codes;
    for (const auto& fault : read.error().faults) codes += fault.code + fault.pointer + " ";
    CHECK(codes == "wrong_type/name required/schema unknown_member/extra duplicate_member/name ");
  }
}

TEST_SUITE("requests") {
  TEST_CASE("a correlation id is taken when it is 1 to 128 harmless characters") {
    CHECK(AcceptableCorrelationId(With("x-correlation-id", "Ab.9_-z")) == "Ab.9_-z");
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", std::string(128, 'a'))).size() == 128);
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", std::string(129, 'a'))).empty());
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", "a b")).empty());
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", "a\"b")).empty());
    CHECK(AcceptableCorrelationId({}).empty());
  }

  TEST_CASE("a traceparent is taken in the form of W3C Trace Context only") {
    const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    CHECK(AcceptableTraceparent(With("traceparent", good)) == good);
    CHECK(AcceptableTraceparent(With("traceparent", good + "x")).empty());
    CHECK(AcceptableTraceparent(With("traceparent", "01" + good.substr(2))).empty());
    CHECK(
        AcceptableTraceparent(With("traceparent", "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")).empty());
  }

  TEST_CASE("a key is found in each of its three places") {
    CHECK(CredentialOf(With("X-API-Key", "k")) == "k");
    CHECK(CredentialOf(With("Authorization", "Bearer k")) == "k");
    CHECK(CredentialOf(With("authorization", "bearer   k")) == "k");
    CHECK(CredentialOf(With("Authorization", "Basic azpwYXNz")) == "k");  // k:pass
    CHECK(CredentialOf(With("Authorization", "Basic azo=")) == "k");      // k:
    CHECK_FALSE(CredentialOf(With("Authorization", "Digest k")).has_value());
    CHECK_FALSE(CredentialOf({}).has_value());
  }

  TEST_CASE("a time whose + was not escaped is refused with a word about that") {
    const auto message = [](std::string_view query) {
      auto parameters = QueryReader::Open(query).value();
      (void)parameters.Time("from");
      const auto read = parameters.Finish();
      return read ? std::string() : read.error().faults.at(0).message;
    };
    CHECK(message("from=2026-11-20T10:00:00%2B02:00").empty());
    CHECK(message("from=2026-11-20T10:00:00+02:00").find("write %2B for the +") != std::string::npos);
    CHECK(message("from=2026-11-20+10:00:00").find("%2B") == std::string::npos);
  }

  TEST_CASE("a query string is decoded, and refused when it is malformed") {
    const auto parameters = ParseQuery("a=1&b=x%20y+z&c&&d==");
    REQUIRE(parameters.has_value());
    REQUIRE(parameters->size() == 4);
    CHECK((*parameters)[1].second == "x y z");
    CHECK((*parameters)[2].second.empty());
    CHECK((*parameters)[3].second == "=");
    CHECK_FALSE(ParseQuery("a=%").has_value());
    CHECK_FALSE(ParseQuery("a=%4").has_value());
    CHECK_FALSE(ParseQuery("%zz=1").has_value());
    CHECK_FALSE(ParseQuery("a=%ff").has_value());
  }

  TEST_CASE("a problem tells what the client needs and nothing of ours") {
    const auto internal = MakeProblem({domain::ErrorKind::kInternal, "relation write.x does not exist"}, "c-1");
    CHECK(internal.status == 500);
    CHECK(internal.body.find("write.x") == std::string::npos);
    const auto busy = MakeProblem({domain::ErrorKind::kUnavailable, "later"}, "c-1");
    CHECK(busy.headers.Find("Retry-After") == "1");
    CHECK(
        busy.body ==
        R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"later","correlationId":"c-1"})");
  }
}

TEST_SUITE("clients behind proxies") {
  TEST_CASE("what proxies say is believed as far as they are trusted") {
    const Proxies trusted{
        {*application::IpNetwork::Parse("10.0.0.0/8"), *application::IpNetwork::Parse("2001:db8::/32")}};
    CHECK(ClientAddress(From("192.0.2.1", {{"X-Forwarded-For", "198.51.100.7"}}), trusted) == "192.0.2.1");
    CHECK(ClientAddress(From("10.1.2.3", {}), trusted) == "10.1.2.3");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "198.51.100.7"}}), trusted) == "198.51.100.7");
    // What the client itself put in front is not reached: the walk ends at the first stranger.
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "1.1.1.1, 198.51.100.7, 10.9.9.9"}}), trusted) ==
          "198.51.100.7");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "198.51.100.7"}, {"x-forwarded-for", "10.9.9.9"}}),
                        trusted) == "198.51.100.7");
    CHECK(ClientAddress(From("2001:db8::1", {{"Forwarded", "for=\"[2001:db9::5]:4711\";proto=https"}}), trusted) ==
          "2001:db9::5");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=1.1.1.1, For=198.51.100.7:80;by=10.0.0.1"}}), trusted) ==
          "198.51.100.7");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=unknown"}}), trusted) == "10.1.2.3");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=198.51.100.7, ,"}}), trusted) == "198.51.100.7");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=6.6.6.6, proto=https;by=10.1.2.3"}}), trusted) ==
          "10.1.2.3");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "' OR 1=1"}}), trusted) == "10.1.2.3");
    CHECK(ClientAddress(From("::ffff:10.1.2.3", {{"X-Forwarded-For", "198.51.100.7"}}), trusted) == "198.51.100.7");
  }

  TEST_CASE("a header that the proxy does not set itself is not taken from the client") {
    Proxies proxies{{*application::IpNetwork::Parse("10.0.0.0/8")}};
    const auto both = From("10.1.2.3", {{"Forwarded", "for=6.6.6.6"}, {"X-Forwarded-For", "198.51.100.7"}});
    CHECK(ClientAddress(both, proxies) == "198.51.100.7");
    proxies.header = ForwardedHeader::kForwarded;
    CHECK(ClientAddress(both, proxies) == "6.6.6.6");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "6.6.6.6"}}), proxies) == "10.1.2.3");
    proxies.header = ForwardedHeader::kXForwardedFor;
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=6.6.6.6"}}), proxies) == "10.1.2.3");
  }

  TEST_CASE("networks are read in CIDR notation and refused in any other") {
    CHECK(application::IpNetwork::Parse("0.0.0.0/0")->Contains("203.0.113.9"));
    CHECK_FALSE(application::IpNetwork::Parse("192.0.2.0/25")->Contains("192.0.2.128"));
    CHECK(application::IpNetwork::Parse("192.0.2.0/25")->Contains("192.0.2.127"));
    CHECK_FALSE(application::IpNetwork::Parse("10.0.0.0/8")->Contains("::1"));
    for (const char* text :
         {"", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "proxy.example", "/8"}) {
      CAPTURE(text);
      CHECK_FALSE(application::IpNetwork::Parse(text).has_value());
    }
  }
}

TEST_SUITE("rate limits") {
  TEST_CASE("a bucket lets its burst through at once and then its rate") {
    RateLimiter limiter;
    const domain::RateLimit limit{10, 5};
    const auto start = std::chrono::steady_clock::now();
    const auto take = [&](std::size_t events, int milliseconds) {
      return limiter.Take({}, limit, events, start + std::chrono::milliseconds(milliseconds));
    };
    CHECK(take(3, 0).remaining == 2);
    CHECK(take(2, 0).allowed);
    const auto refused = take(1, 50);
    CHECK_FALSE(refused.allowed);
    CHECK(refused.retry_after == std::chrono::seconds(1));
    CHECK(take(1, 100).allowed);
    CHECK_FALSE(take(1, 100).allowed);
    CHECK(take(5, 10'000).allowed);
  }

  TEST_CASE("a batch above the burst waits for a full bucket and is paid for afterwards") {
    RateLimiter limiter;
    const domain::RateLimit limit{10, 5};
    const auto start = std::chrono::steady_clock::now();
    CHECK(limiter.Take({}, limit, 25, start).allowed);
    const auto refused = limiter.Take({}, limit, 1, start);
    CHECK_FALSE(refused.allowed);
    CHECK(refused.retry_after == std::chrono::seconds(3));  // 20 below zero, and one
    CHECK(limiter.Take({}, limit, 1, start + std::chrono::milliseconds(2'100)).allowed);
  }

  TEST_CASE("keys have buckets of their own") {
    RateLimiter limiter;
    domain::ApiKeyId other;
    other.value.bytes[15] = 1;
    const auto now = std::chrono::steady_clock::now();
    CHECK(limiter.Take({}, {1, 1}, 1, now).allowed);
    CHECK_FALSE(limiter.Take({}, {1, 1}, 1, now).allowed);
    CHECK(limiter.Take(other, {1, 1}, 1, now).allowed);
  }
}

TEST_SUITE("content codings") {
  TEST_CASE("gzip is sent to those who take it") {
    CHECK(AcceptsGzip(With("Accept-Encoding", "gzip")));
    CHECK(AcceptsGzip(With("Accept-Encoding", "deflate, GZIP;q=0.5, br")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "gzip;q=0")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "gzip; q=0.0, br")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "gzip;Q=0")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "br , gzip ;level=1; q=0.000")));
    CHECK(AcceptsGzip(With("Accept-Encoding", "gzip;seq=0;q=0.001")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "identity")));
    CHECK_FALSE(AcceptsGzip({}));
  }

  TEST_CASE("what is packed unpacks to the same") {
    for (const std::string& plain : {std::string(), std::string("a"), std::string(1'000'000, 'x')}) {
      std::string unpacked;
      CHECK(Gunzip(GzipPack(plain), plain.size(), unpacked) == GunzipOutcome::kDone);
      CHECK(unpacked == plain);
    }
  }

  TEST_CASE("a beginning that is packed once unpacks with each end") {
    std::string mixed;
    for (int i = 0; i < 100'000; ++i) mixed.push_back(static_cast<char>(i * 7919 >> 3));
    for (const std::string& beginning : {std::string(), std::string("a"), std::string(1'000'000, 'x'), mixed}) {
      const PackedBeginning packed(beginning);
      for (const std::string& end : {std::string(), std::string("}"), mixed.substr(0, PackedBeginning::kMaxEnd)}) {
        std::string unpacked;
        CHECK(Gunzip(packed.With(end), beginning.size() + end.size(), unpacked) == GunzipOutcome::kDone);
        CHECK(unpacked == beginning + end);
      }
    }
  }
}

TEST_SUITE("blocking pool") {
  TEST_CASE("what does not fit into the queue is refused") {
    std::mutex mutex;
    std::condition_variable changed;
    bool running = false, may_end = false;
    BlockingPool pool(1, 1);
    REQUIRE(pool.Submit([&] {
      std::unique_lock lock(mutex);
      running = true;
      changed.notify_all();
      changed.wait(lock, [&] { return may_end; });
    }));
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return running; });
    }
    CHECK(pool.Submit([] {}));
    CHECK_FALSE(pool.Submit([] {}));
    const std::lock_guard lock(mutex);
    may_end = true;
    changed.notify_all();
  }

  TEST_CASE("a call that has waited too long for a thread is refused, and its work not begun") {
    infrastructure::PrometheusMetrics metrics("test");
    test::RecordedLog log;
    const CallSettings settings{metrics, log};
    const auto exchange = std::make_shared<AnsweredStatus>();
    auto status = exchange->status.get_future();
    std::promise<void> may_end;
    bool has_begun = false;
    BlockingPool pool(1, 8, std::chrono::milliseconds(0));
    REQUIRE(pool.Submit([&] { may_end.get_future().wait(); }));
    Request request;
    Answer answer(Responder(exchange), settings, request, "c");
    RunBlocking(pool, {std::move(request), {}, std::move(answer)}, [&](Call& call) {
      has_begun = true;
      call.answer.SendProblem(404, "Not here.");
    });
    may_end.set_value();
    CHECK(status.get() == 503);
    pool.Stop();
    CHECK_FALSE(has_begun);
  }
}
