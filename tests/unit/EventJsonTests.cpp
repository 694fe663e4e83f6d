#include "Api/Json/BodyReader.h"
#include "Api/Json/EventDecoder.h"
#include "Api/Json/JsonSplit.h"

#include <doctest/doctest.h>

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
