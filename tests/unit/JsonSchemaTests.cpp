#include "Infrastructure/JsonSchema/UriReference.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using volcanion::application::CompiledSchema;
using volcanion::domain::ErrorKind;
using volcanion::domain::Fault;
using volcanion::domain::Violation;
using volcanion::infrastructure::ValijsonSchemaCompiler;

using Violations = std::vector<Violation>;

constexpr std::string_view kDraft4 = R"("$schema":"http://json-schema.org/draft-04/schema#")";

std::shared_ptr<const CompiledSchema> Compiled(std::string_view schema) {
  auto compiled = ValijsonSchemaCompiler().Compile(schema);
  INFO(schema.substr(0, 200));
  if (!compiled) {
    for (const Fault& fault : compiled.error().faults) MESSAGE(fault.pointer << " " << fault.message);
  }
  REQUIRE(compiled.ok());
  return *compiled;
}

std::vector<Fault> Faults(std::string_view schema) {
  auto compiled = ValijsonSchemaCompiler().Compile(schema);
  INFO(schema.substr(0, 200));
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.error().kind == ErrorKind::kInvalid);
  REQUIRE_FALSE(compiled.error().faults.empty());
  return compiled.error().faults;
}

Violations Judged(std::string_view schema, std::string_view json) { return Compiled(schema)->Judge(json); }

bool Accepts(std::string_view schema, std::string_view json) { return Judged(schema, json).empty(); }

bool IsUnjudged(const Violations& violations) {
  return violations.size() == 1 && violations.front().keyword == "unjudged" && violations.front().pointer.empty() &&
         !violations.front().message.empty();
}

std::string Repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string Draft4(std::string_view members) {
  return "{" + std::string(kDraft4) + (members.empty() ? "" : ",") + std::string(members) + "}";
}

constexpr std::string_view kPurchase = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": {
    "orderId": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
    "amount": {"type": "number", "minimum": 0, "multipleOf": 0.01},
    "currency": {"enum": ["EUR", "USD", "CHF"]},
    "placedAt": {"type": "string", "format": "date-time"},
    "items": {"type": "integer", "minimum": 1},
    "note": {"type": ["string", "null"], "maxLength": 20}
  },
  "required": ["orderId", "amount"],
  "additionalProperties": false
})";

}  // namespace

TEST_SUITE("JsonSchema") {
  TEST_CASE("an ordinary event that fits its schema has no violations") {
    CHECK(Accepts(kPurchase, R"({"orderId":"AB-12","amount":19.99,"currency":"EUR","placedAt":"2026-11-20T10:00:00Z",
                                 "items":3,"note":null})"));
  }

  TEST_CASE("violations come in document order, a missing member before what is wrong in those that are there") {
    CHECK(Judged(kPurchase, R"({"note":5,"colour":"red","items":0,"currency":"GBP","amount":-1.005})") ==
          Violations{{"/orderId", "required", "is required"},
                     {"/note", "type", "must be a string or null; was a number"},
                     {"/colour", "additionalProperties", "is not allowed"},
                     {"/items", "minimum", "must be at least 1"},
                     {"/currency", "enum", "must be one of EUR, USD, CHF; was GBP"},
                     {"/amount", "minimum", "must be at least 0"},
                     {"/amount", "multipleOf", "must be a multiple of 0.01"}});
  }

  TEST_CASE("each keyword says what to do, and where") {
    struct Case {
      std::string schema;
      std::string json;
      Violation expected;
    };
    const std::vector<Case> cases = {
        {R"({"type":"string"})", "5", {"", "type", "must be a string; was a number"}},
        {R"({"type":"integer"})", "1.5", {"", "type", "must be an integer; was 1.5"}},
        {R"({"type":"integer"})", "[]", {"", "type", "must be an integer; was an array"}},
        {R"({"enum":["None","Minor","Medium","Substantial"]})",
         R"("C")",
         {"", "enum", "must be one of None, Minor, Medium, Substantial; was C"}},
        {R"({"enum":[1,"1",null,"null",{"a":[]}]})",
         R"("x, y")",
         {"", "enum", R"(must be one of 1, "1", null, "null", {"a":[]}; was "x, y")"}},
        {R"({"enum":[1,2,3,4,5,6,7,8,9,10,11,12]})",
         "0",
         {"", "enum", "must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more; was 0"}},
        {R"({"const":true})", "false", {"", "const", "must be true; was false"}},
        {R"({"minimum":0})", "-1", {"", "minimum", "must be at least 0"}},
        {R"({"maximum":9.5})", "9.50001", {"", "maximum", "must be at most 9.5"}},
        {R"({"exclusiveMinimum":0})", "0.0", {"", "exclusiveMinimum", "must be greater than 0"}},
        {R"({"exclusiveMaximum":10})", "1e1", {"", "exclusiveMaximum", "must be less than 10"}},
        {Draft4(R"("minimum":0,"exclusiveMinimum":true)"), "0", {"", "minimum", "must be greater than 0"}},
        {R"({"multipleOf":5})", "7", {"", "multipleOf", "must be a multiple of 5"}},
        {R"({"minLength":2})", R"("é")", {"", "minLength", "must have at least 2 characters"}},
        {R"({"maxLength":1})", R"("ab")", {"", "maxLength", "must have at most 1 character"}},
        {R"({"pattern":"^x$"})", R"("xx")", {"", "pattern", "must match the pattern ^x$"}},
        {R"({"format":"date"})", R"("2026-02-29")", {"", "format", "must be a date such as 2026-11-20"}},
        {R"({"minItems":1})", "[]", {"", "minItems", "must have at least 1 item"}},
        {R"({"maxItems":2})", "[1,2,3]", {"", "maxItems", "must have at most 2 items"}},
        {R"({"uniqueItems":true})",
         "[1,2,1.0]",
         {"", "uniqueItems", "must not repeat an item: items 0 and 2 are equal"}},
        {R"({"contains":{"type":"null"}})",
         "[1]",
         {"", "contains", "must contain an item that fits the schema under \"contains\""}},
        {R"({"items":{"type":"string"}})", R"(["a",2])", {"/1", "type", "must be a string; was a number"}},
        {R"({"items":[{"type":"string"}],"additionalItems":false})",
         R"(["a",2])",
         {"/1", "additionalItems", "is not allowed: there may be 1 item"}},
        {R"({"items":[{}],"additionalItems":{"type":"null"}})",
         R"(["a",2])",
         {"/1", "type", "must be null; was a number"}},
        {R"({"minProperties":1})", "{}", {"", "minProperties", "must have at least 1 member"}},
        {R"({"maxProperties":1})", R"({"a":1,"b":2})", {"", "maxProperties", "must have at most 1 member"}},
        {R"({"required":["amount"]})", "{}", {"/amount", "required", "is required"}},
        {R"({"patternProperties":{"^n_":{"type":"number"}}})",
         R"({"n_a":"1"})",
         {"/n_a", "type", "must be a number; was a string"}},
        {R"({"patternProperties":{"^n_":{}},"additionalProperties":false})",
         R"({"n_a":1,"m":1})",
         {"/m", "additionalProperties", "is not allowed"}},
        {R"({"additionalProperties":{"type":"number"}})",
         R"({"m":[]})",
         {"/m", "type", "must be a number; was an array"}},
        {R"({"propertyNames":{"pattern":"^[a-z]+$"}})",
         R"({"Ab":1})",
         {"/Ab", "propertyNames", "has a name that is not allowed: must match the pattern ^[a-z]+$"}},
        {R"({"dependencies":{"card":["address"]}})",
         R"({"card":1})",
         {"/address", "dependencies", "is required when card is present"}},
        {R"({"dependencies":{"card":{"required":["address"]}}})",
         R"({"card":1})",
         {"/address", "required", "is required"}},
        {R"({"properties":{"a":false}})", R"({"a":1})", {"/a", "false", "is not allowed"}},
        {"false", "1", {"", "false", "is not allowed"}},
        {R"({"not":{"type":"null"}})", "null", {"", "not", "is what the schema under \"not\" excludes"}},
        {R"({"allOf":[{},{"minimum":2}]})", "1", {"", "minimum", "must be at least 2"}},
        {R"({"anyOf":[{"type":"string"},{"required":["id"]}]})",
         "{}",
         {"", "anyOf", "fits none of 2 alternatives: must be a string; was an object; or /id is required"}},
        {R"({"oneOf":[{"type":"string"},{"minimum":2}]})",
         "1",
         {"", "oneOf", "fits none of 2 alternatives: must be a string; was a number; or must be at least 2"}},
        {R"({"oneOf":[{"type":"null"},{"minimum":2},{"maximum":5}]})",
         "3",
         {"", "oneOf", "must fit exactly one alternative; fits alternatives 2 and 3"}},
        {R"({"if":{"required":["a"]},"then":{"required":["b"]}})", R"({"a":1})", {"/b", "required", "is required"}},
        {R"({"if":{"required":["a"]},"else":{"required":["b"]}})", "{}", {"/b", "required", "is required"}},
    };
    for (const Case& each : cases) {
      CAPTURE(each.schema);
      CAPTURE(each.json);
      const Violations violations = Judged(each.schema, each.json);
      REQUIRE(violations.size() == 1);
      CHECK(violations.front().pointer == each.expected.pointer);
      CHECK(violations.front().keyword == each.expected.keyword);
      CHECK(violations.front().message == each.expected.message);
    }
  }

  TEST_CASE("a pointer leads to the value, with ~ and / escaped") {
    const Violations violations = Judged(R"({"additionalProperties":{"items":{"properties":{"c~d":{"type":"null"}}}}})",
                                         R"({"a/b":[{},{"c~d":1}]})");
    CHECK(violations == Violations{{"/a~1b/1/c~0d", "type", "must be null; was a number"}});
  }

  TEST_CASE("numbers are judged exactly, not as doubles") {
    CHECK(Accepts(R"({"multipleOf":0.01})", "19.99"));
    CHECK(Accepts(R"({"multipleOf":0.01})", "4.35"));
    CHECK_FALSE(Accepts(R"({"multipleOf":0.01})", "4.355"));
    CHECK(Accepts(R"({"multipleOf":1e-8})", "1e308"));
    CHECK_FALSE(Accepts(R"({"maximum":9007199254740992})", "9007199254740993"));
    CHECK(Accepts(R"({"maximum":18446744073709551615})", "18446744073709551615"));
    CHECK_FALSE(Accepts(R"({"maximum":18446744073709551615})", "18446744073709551616"));
    CHECK_FALSE(Accepts(R"({"exclusiveMaximum":0.3})", "0.3000"));
    CHECK(Accepts(R"({"exclusiveMaximum":0.3})", "0.29999999999999999999999"));
    CHECK(Accepts(R"({"enum":[100]})", "1e2"));
    CHECK_FALSE(Accepts(R"({"const":9007199254740992})", "9007199254740993"));
    CHECK_FALSE(Accepts(R"({"minimum":-0.0})", "-0.00001"));
    CHECK(Accepts(R"({"minimum":0})", "-0"));
  }

  TEST_CASE("numbers beyond a double are judged") {
    CHECK(Accepts(R"({"type":"integer","minimum":1e400})", "1e131071"));
    CHECK(Judged(R"({"maximum":5})", "1e131071") == Violations{{"", "maximum", "must be at most 5"}});
    CHECK(Accepts(R"({"maximum":5})", "[1e999,-1E+999,1e-999999999999999999999]"));
    CHECK(Accepts(R"({"minimum":0,"exclusiveMaximum":1e-300})", "1e-999999999999999999999"));
    CHECK(Accepts(R"({"type":"object","properties":{"a":{"const":1e999}}})", R"({"a":1e999,"b":"1e999"})"));
    const std::string long_integer = "1" + std::string(1000, '0');
    CHECK(Accepts(R"({"type":"integer","multipleOf":1000,"minimum":1e1000,"maximum":1e1000})", long_integer));
  }

  TEST_CASE("1.0 is an integer since draft 6 and is none in draft 4") {
    CHECK(Accepts(R"({"type":"integer"})", "1.0"));
    CHECK(Accepts(R"({"$schema":"http://json-schema.org/draft-06/schema#","type":"integer"})", "1e3"));
    CHECK_FALSE(Accepts(Draft4(R"("type":"integer")"), "1.0"));
  }

  TEST_CASE("the last of duplicate names counts") {
    const auto schema = Compiled(R"({"properties":{"a":{"type":"string"}},"maxProperties":20})");
    CHECK(schema->Judge(R"({"a":1,"a":"x"})").empty());
    CHECK(schema->Judge(R"({"a":"x","a":1})") == Violations{{"/a", "type", "must be a string; was a number"}});
    std::string many = R"({"a":1)";
    for (int i = 0; i < 19; ++i) many += ",\"k" + std::to_string(i) + "\":0";
    CHECK(schema->Judge(many + R"(,"a":"x","k7":1})").empty());
    CHECK(schema->Judge(many + R"(,"a":"x","a":2})").size() == 1);
    CHECK(Accepts(R"({"type":"string","type":"number"})", "1"));
  }

  TEST_CASE("any string is judged: NUL, lone surrogates, escapes") {
    CHECK(Accepts(R"({"maxLength":3,"pattern":"^a.b$"})", R"("a\u0000b")"));
    CHECK(Accepts(R"({"type":"string","maxLength":3})", R"("a\ud800b")"));
    CHECK(Accepts(R"({"maxLength":2})", R"("\udc00\uD800")"));
    CHECK(Accepts(R"({"maxLength":2})", R"("\ud83d\ude00\\")"));
    CHECK(Accepts(R"({"const":"\\ud800"})", R"("\\ud800")"));
    CHECK(Accepts(R"({"properties":{"a\u0000b":{"type":"null"}},"required":["a\u0000b"],"additionalProperties":false})",
                  R"({"a\u0000b":null})"));
    CHECK_FALSE(Accepts(R"({"properties":{"a\u0000b":{}},"additionalProperties":false})", R"({"a":null})"));
    CHECK_FALSE(Accepts(R"({"enum":["a\u0000b"]})", R"("a")"));
  }

  TEST_CASE("a pointer and a message are valid UTF-8 without NUL, whatever the document holds") {
    const Violations violations =
        Judged(R"({"additionalProperties":{"const":1}})", R"({"a\u0000\udc00":"b\u0000\udc00"})");
    REQUIRE(violations.size() == 1);
    CHECK(violations.front().pointer == "/a\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(violations.front().message == "must be 1; was \"b\\u0000\xEF\xBF\xBD\"");
  }

  TEST_CASE("what is quoted is cut at a character") {
    const std::string long_text = Repeated("ü", 200);
    const Violations violations = Judged(R"({"const":"a"})", "\"" + long_text + "\"");
    REQUIRE(violations.size() == 1);
    CHECK(violations.front().message == "must be a; was " + Repeated("ü", 28) + "...");
    const Violations pattern = Judged(R"({"pattern":")" + long_text + R"("})", R"("x")");
    CHECK(pattern.front().message.size() < 100);
    const Violations array = Judged(R"({"const":1})", "[" + Repeated("123456,", 1000) + "1]");
    CHECK(array.front().message.size() < 100);
    const Violations number = Judged(R"({"const":1})", std::string(100, '7'));
    CHECK(number.front().message == "must be 1; was " + std::string(57, '7') + "...");
  }

  TEST_CASE("a document has at most 100 violations, of a limited size") {
    CHECK(Judged(R"({"items":{"type":"string"}})", "[" + Repeated("1,", 999) + "1]").size() == 100);
    CHECK(Judged(R"({"additionalProperties":false})", R"({"a":1,"b":{}})").size() == 2);
    const std::string name(100'000, 'n');
    const Violations deep = Judged(R"({"additionalProperties":{"items":{"type":"string"}}})",
                                   "{\"" + name + "\":[" + Repeated("1,", 200) + "1]}");
    REQUIRE(deep.size() == 100);
    CHECK(deep.front().pointer.size() < 1100);
  }

  TEST_CASE("what is not JSON is not judged") {
    const auto schema = Compiled("{}");
    for (const std::string_view text :
         {"",    " ",   "{",          "[1,]", "{\"a\":}", "nul", "01",  "1.",  "+1",        "1 2",           "\"\\x\"",
          "\"a", "[1}", "{\"a\":1,}", "'a'",  "\"\t\"",   "1e",  "- 1", "NaN", "[1e999999", "\xEF\xBB\xBF{}"}) {
      CAPTURE(text);
      CHECK(IsUnjudged(schema->Judge(text)));
    }
    CHECK(IsUnjudged(schema->Judge(std::string_view("{}\0", 3))));
    CHECK(IsUnjudged(schema->Judge(std::string_view("\0", 1))));
    for (const std::string_view text :
         {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf0\x9f\x98\"", "\"\xf0", "\"\xc0\x80\"", "\xf0"}) {
      CAPTURE(text);
      CHECK(IsUnjudged(schema->Judge(text)));
    }
    CHECK(schema->Judge("{}").empty());
    CHECK(schema->Judge(" [1 , 2]\n").empty());
  }

  TEST_CASE("a document that is nested too deeply is not judged, and does no harm") {
    const auto schema = Compiled(R"({"properties":{"a":{"$ref":"#"}},"items":{"$ref":"#"}})");
    CHECK(schema->Judge(Repeated("[", 128) + Repeated("]", 128)).empty());
    CHECK(IsUnjudged(schema->Judge(Repeated("[", 129) + Repeated("]", 129))));
    CHECK(IsUnjudged(schema->Judge(Repeated("[", 1'000'000))));
    CHECK(IsUnjudged(schema->Judge(Repeated("{\"a\":", 1'000'000))));
  }

  TEST_CASE("a schema that goes in circles is refused or leaves documents unjudged") {
    CHECK(Faults(R"({"$ref":"#"})").front().code == "circular_reference");
    CHECK(Faults(R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}},
                     "properties":{"x":{"$ref":"#/definitions/a"}}})")
              .front()
              .code == "circular_reference");
    CHECK(IsUnjudged(Judged(R"({"allOf":[{"$ref":"#"}]})", "1")));
    CHECK(IsUnjudged(Judged(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", "1")));
    CHECK(IsUnjudged(Judged(R"({"not":{"$ref":"#"}})", "1")));
    CHECK(IsUnjudged(Judged(R"({"if":{"$ref":"#"},"then":{}})", "1")));
    CHECK(IsUnjudged(Judged(R"({"dependencies":{"a":{"$ref":"#"}}})", R"({"a":1})")));
  }

  TEST_CASE("alternatives that double the work at each level end with unjudged, soon") {
    std::string schema = R"({"definitions":{"d0":{"type":"null"})";
    for (int i = 1; i <= 40; ++i) {
      const std::string below = R"({"$ref":"#/definitions/d)" + std::to_string(i - 1) + "\"}";
      schema += ",\"d" + std::to_string(i) + "\":{\"anyOf\":[" + below + "," + below + "]}";
    }
    schema += R"(},"$comment":"","allOf":[{"$ref":"#/definitions/d40"}]})";
    const auto compiled = Compiled(schema);
    const auto start = std::chrono::steady_clock::now();
    CHECK(IsUnjudged(compiled->Judge("1")));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
    CHECK(compiled->Judge("null").empty());
  }

  TEST_CASE("a large ordinary document is judged whole") {
    const auto schema = Compiled(R"({"items":{"type":"integer","minimum":0,"maximum":9,"enum":[1,2,3]}})");
    CHECK(schema->Judge("[" + Repeated("1,", 1'000'000) + "1]").empty());
    CHECK(Accepts(R"({"uniqueItems":true})", [] {
      std::string text = "[";
      for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ",";
      return text + "\"end\"]";
    }()));
    std::string object = "{";
    for (int i = 0; i < 50'000; ++i) object += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
    CHECK(Accepts(R"({"required":["k0","k49999","last"]})", object + R"("last":1})"));
  }

  TEST_CASE("patterns take linear time and search anywhere in the text") {
    const std::string text = "\"" + Repeated("ab", 30'000) + "c\"";
    CHECK(Judged(R"({"pattern":"^(a|b)*$"})", text).size() == 1);
    CHECK(Judged(R"({"pattern":"^(a*)*$"})", "\"" + std::string(50'000, 'a') + "b\"").size() == 1);
    CHECK(Accepts(R"({"pattern":"b+c"})", R"("abbcd")"));
    CHECK(Accepts(R"({"pattern":"^\\u00e9\\d\\/$"})", R"("é1/")"));
    CHECK(Accepts(R"({"pattern":"^\\p{Lu}\\s\\cA$"})", "\"Ä\xC2\xA0\\u0001\""));
    CHECK(Accepts(R"({"pattern":"^[\\s\\-][^]$"})", R"("-\n")"));
    CHECK_FALSE(Accepts(R"({"pattern":"^a$"})", R"("a\n")"));
  }

  TEST_CASE("formats are asserted for strings, and unknown ones are not") {
    struct Case {
      std::string_view format;
      std::vector<std::string_view> good;
      std::vector<std::string_view> bad;
    };
    const std::vector<Case> cases = {
        {"date-time",
         {"2026-11-20T10:00:00Z", "2026-11-20t10:00:00.123456z", "2026-11-20T10:00:00+05:30", "2016-12-31T23:59:60Z",
          "1998-12-31T15:59:60.123-08:00", "2024-02-29T00:00:00Z"},
         {"", "2026-11-20", "2026-11-20 10:00:00Z", "2026-11-20T10:00:00", "2026-13-20T10:00:00Z",
          "2026-11-31T10:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:00:00.Z", "2026-11-20T10:00:00+25:00",
          "2026-11-20T22:59:60Z", "2026-11-20T10:00:00ZZ", "2023-02-29T00:00:00Z"}},
        {"date", {"2026-11-20", "2000-02-29"}, {"2026-11-2", "1900-02-29", "2026/11/20", "20261120", "2026-00-10"}},
        {"time", {"10:00:00Z", "10:00:00.5-03:00"}, {"10:00:00", "10:00Z", "1:00:00Z", "10:60:00Z"}},
        {"email",
         {"ann@example.com", "a+b.c@sub.example.org", "\"a b\"@example.com", "a@[192.0.2.1]"},
         {"ann", "@example.com", "a@", ".a@example.com", "a..b@example.com", "a b@example.com", "a@-x.com"}},
        {"ipv4",
         {"192.0.2.1", "0.0.0.0", "255.255.255.255"},
         {"256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "1.2.3.4."}},
        {"ipv6",
         {"::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1", "1::"},
         {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:", ":1"}},
        {"uuid",
         {"018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f", "018F3C1E-7B2A-7C3D-9E4F-5A6B7C8D9E0F"},
         {"018f3c1e7b2a7c3d9e4f5a6b7c8d9e0f", "018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0g", ""}},
        {"uri",
         {"https://example.com/a?b=c#d", "urn:isbn:0451450523", "mailto:ann@example.com", "http://[::1]:80/%20"},
         {"", "/a", "//example.com", "1a://b", "http://a b", "http://a/%2", "http://a/#b#c"}},
        {"color", {"no such colour"}, {}},
    };
    for (const Case& each : cases) {
      const auto schema = Compiled(R"({"format":")" + std::string(each.format) + "\"}");
      for (const std::string_view text : each.good) {
        CAPTURE(text);
        std::string quoted = "\"";
        for (const char c : text) quoted += c == '"' ? std::string("\\\"") : std::string(1, c);
        CHECK(schema->Judge(quoted + "\"").empty());
      }
      for (const std::string_view text : each.bad) {
        CAPTURE(text);
        CHECK(schema->Judge("\"" + std::string(text) + "\"").size() == 1);
      }
      CHECK(schema->Judge("null").empty());
      CHECK(schema->Judge("{}").empty());
    }
  }

  TEST_CASE("references lead to places, identifiers and each other") {
    CHECK(Judged(R"({"definitions":{"p/q~r":{"type":"null"}},"properties":{"a":{"$ref":"#/definitions/p~1q~0r"}}})",
                 R"({"a":1})")
              .size() == 1);
    CHECK(Judged(R"({"definitions":{"x":{"$id":"#name","type":"null"}},"items":{"$ref":"#name"}})", "[1]").size() == 1);
    CHECK(Judged(R"({"$id":"http://example.com/a/b.json","definitions":{"x":{"$id":"c.json","type":"null"}},
                     "items":{"$ref":"c.json"},"allOf":[{"items":{"$ref":"http://example.com/a/c.json#"}}]})",
                 "[1]")
              .size() == 2);
    CHECK(Judged(R"({"items":{"$ref":"#/elsewhere/0"},"elsewhere":[{"$ref":"#/more"}],"more":{"type":"null"}})", "[1]")
              .size() == 1);
    CHECK(Accepts(R"({"items":{"$ref":"#/definitions/x","type":"string"},"definitions":{"x":{"type":"number"}}})",
                  "[1]"));
    CHECK(Judged(R"({"properties":{"next":{"$ref":"#"}},"required":["id"]})",
                 R"({"id":1,"next":{"id":2,"next":{}}})") == Violations{{"/next/next/id", "required", "is required"}});
  }

  TEST_CASE("URI references are resolved as RFC 3986 has it") {
    const std::vector<std::pair<std::string_view, std::string_view>> cases = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"},
    };
    for (const auto& [reference, expected] : cases) {
      CAPTURE(reference);
      CHECK(volcanion::infrastructure::ResolveUri("http://a/b/c/d;p?q", reference) == expected);
    }
  }

  TEST_CASE("a schema that cannot be used is refused with a pointer to the fault") {
    struct Case {
      std::string schema;
      std::string pointer;
      std::string code;
      std::string in_message;
    };
    const std::vector<Case> cases = {
        {"", "", "malformed", "not valid JSON"},
        {"{", "", "malformed", "not valid JSON"},
        {"{}x", "", "malformed", "not valid JSON"},
        {"\"\xff\"", "", "malformed", "not valid JSON"},
        {"[]", "", "not_a_schema", "object or a boolean"},
        {"1", "", "not_a_schema", "object or a boolean"},
        {R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})", "/$schema", "unsupported_draft",
         "draft 2020-12"},
        {R"({"$schema":"https://json-schema.org/draft/2019-09/schema"})", "/$schema", "unsupported_draft",
         "draft 2019-09"},
        {R"({"$schema":"http://json-schema.org/draft-03/schema#"})", "/$schema", "unsupported_draft", "4, 6 or 7"},
        {R"({"$schema":7})", "/$schema", "invalid_keyword", "string"},
        {R"({"properties":{"amount":{"type":"number","required":true}}})", "/properties/amount/required",
         "obsolete_required", R"("required": ["amount"])"},
        {R"({"required":false})", "/required", "obsolete_required", "array of names"},
        {R"({"required":"a"})", "/required", "invalid_keyword", "array of strings"},
        {R"({"required":[1]})", "/required", "invalid_keyword", "array of strings"},
        {R"({"properties":{"a/b":{"$ref":"http://example.com/x.json"}}})", "/properties/a~1b/$ref", "remote_reference",
         "nothing is fetched"},
        {R"({"$ref":"file:///etc/passwd"})", "/$ref", "remote_reference", "nothing is fetched"},
        {R"({"items":{"$ref":"other.json#/a"}})", "/items/$ref", "remote_reference", "nothing is fetched"},
        {R"({"items":{"$ref":"#/definitions/x"}})", "/items/$ref", "unresolved_reference", "leads to nothing"},
        {R"({"items":{"$ref":"#/type"},"type":"array"})", "/items/$ref", "unresolved_reference", "not a schema"},
        {R"({"items":{"$ref":1}})", "/items/$ref", "invalid_keyword", "string"},
        {R"_({"items":[{"pattern":"(?=a)"}]})_", "/items/0/pattern", "invalid_pattern", "look-around"},
        {R"({"pattern":"(a)\\1"})", "/pattern", "invalid_pattern", "back-references"},
        {R"({"pattern":"["})", "/pattern", "invalid_pattern", "cannot be used"},
        {R"({"pattern":5})", "/pattern", "invalid_keyword", "regular expression"},
        {R"_({"patternProperties":{"(":{}}})_", "/patternProperties/(", "invalid_pattern", "cannot be used"},
        {R"({"type":"any"})", "/type", "invalid_keyword", "must name types out of array, boolean"},
        {R"({"type":["string",5]})", "/type", "invalid_keyword", "was 5"},
        {R"({"type":[]})", "/type", "invalid_keyword", "at least one type"},
        {R"({"minLength":-1})", "/minLength", "invalid_keyword", "at least 0"},
        {R"({"maxItems":1.5})", "/maxItems", "invalid_keyword", "at least 0"},
        {R"({"minimum":"0"})", "/minimum", "invalid_keyword", "number"},
        {R"({"exclusiveMinimum":true})", "/exclusiveMinimum", "invalid_keyword", "number in draft 7"},
        {Draft4(R"("exclusiveMinimum":0)"), "/exclusiveMinimum", "invalid_keyword", "true or false in draft 4"},
        {R"({"multipleOf":0})", "/multipleOf", "invalid_keyword", "greater than 0"},
        {R"({"multipleOf":-1})", "/multipleOf", "invalid_keyword", "greater than 0"},
        {R"({"multipleOf":1.2345678901234567891})", "/multipleOf", "invalid_keyword", "18 digits"},
        {R"({"uniqueItems":1})", "/uniqueItems", "invalid_keyword", "true or false"},
        {R"({"enum":[]})", "/enum", "invalid_keyword", "at least one value"},
        {R"({"enum":{}})", "/enum", "invalid_keyword", "array"},
        {R"({"allOf":[]})", "/allOf", "invalid_keyword", "at least one schema"},
        {R"({"anyOf":{}})", "/anyOf", "invalid_keyword", "at least one schema"},
        {R"({"oneOf":[{},5]})", "/oneOf/1", "invalid_keyword", "must be a schema"},
        {R"({"not":null})", "/not", "invalid_keyword", "must be a schema"},
        {R"({"properties":[]})", "/properties", "invalid_keyword", "object of schemas"},
        {R"({"properties":{"a":"string"}})", "/properties/a", "invalid_keyword", "must be a schema"},
        {R"({"additionalProperties":"no"})", "/additionalProperties", "invalid_keyword", "must be a schema"},
        {R"({"dependencies":{"a":"b"}})", "/dependencies/a", "invalid_keyword", "must be a schema"},
        {R"({"definitions":{"a":{"minimum":null}}})", "/definitions/a/minimum", "invalid_keyword", "number"},
        {R"({"format":1})", "/format", "invalid_keyword", "string"},
        {Draft4(R"("properties":{"a":true})"), "/properties/a", "invalid_keyword", "an object"},
    };
    for (const Case& each : cases) {
      CAPTURE(each.schema);
      const std::vector<Fault> faults = Faults(each.schema);
      CHECK(faults.front().pointer == each.pointer);
      CHECK(faults.front().code == each.code);
      CAPTURE(faults.front().message);
      CHECK(faults.front().message.find(each.in_message) != std::string::npos);
    }
    CHECK(Faults(R"({"minimum":"a","maximum":"b","items":{"type":7}})").size() == 3);
  }

  TEST_CASE("keywords mean what they mean in the declared draft, and nothing elsewhere") {
    CHECK(Accepts(Draft4(R"("const":1,"contains":{"type":"null"},"propertyNames":false,"if":{},"then":false)"), "[2]"));
    CHECK(Accepts(R"({"$schema":"http://json-schema.org/draft-06/schema#","if":{},"then":false})", "1"));
    CHECK_FALSE(Accepts(R"({"$schema":"https://json-schema.org/draft-07/schema","if":{},"then":false})", "1"));
    CHECK(Accepts(R"({"divisibleBy":2,"extends":{},"unevaluatedProperties":false,"x":{"type":"nonsense"}})", "1"));
    CHECK(Accepts(R"({"title":5,"description":[],"volcanion:rules":[0,9],"volcanion:target":7})", "1"));
    CHECK(Accepts("true", "1"));
  }

  TEST_CASE("no schema does harm, however hostile") {
    const std::vector<std::string> schemas = {
        Repeated("[", 500'000),
        Repeated("{\"not\":", 100'000),
        Repeated("{\"not\":", 101) + "{}" + Repeated("}", 101),
        std::string((std::size_t{1} << 20) + 1, ' '),
        R"({"$id":")" + std::string(3000, 'a') + R"("})",
        R"({"$ref":"#/)" + std::string(5000, 'a') + R"("})",
        R"({"pattern":")" + Repeated("(a{1000}){1000}", 2) + R"("})",
        R"({"pattern":")" + Repeated("(", 100'000) + R"("})",
    };
    for (const std::string& schema : schemas) {
      CAPTURE(schema.substr(0, 60));
      Faults(schema);
    }
    CHECK(Accepts(Repeated("{\"not\":", 98) + "{}" + Repeated("}", 98), "1"));
    CHECK(Accepts(R"({"maxLength":1e300,"minItems":0.0,"maxItems":99999999999999999999999999})", "[]"));
  }

  TEST_CASE("a long chain of references is loaded and judged without running out of stack") {
    constexpr int kLinks = 10'000;
    std::string schema = R"({"definitions":{)";
    for (int i = 0; i < kLinks; ++i) {
      schema += "\"d" + std::to_string(i) + R"(":{"items":{"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"}},";
    }
    schema += "\"d" + std::to_string(kLinks) + R"(":{"type":"string"}},"items":{"$ref":"#/definitions/d0"}})";
    const auto compiled = Compiled(schema);
    CHECK(compiled->Judge("[[[[1]]]]").empty());

    std::string at_once = R"({"definitions":{)";
    for (int i = 0; i < kLinks; ++i) {
      at_once += "\"d" + std::to_string(i) + R"(":{"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"},";
    }
    at_once += "\"d" + std::to_string(kLinks) + R"(":{"type":"string"}},"items":{"$ref":"#/definitions/d0"}})";
    CHECK(IsUnjudged(Judged(at_once, "[1]")));
  }

  TEST_CASE("many patterns are refused rather than compiled") {
    std::string schema = R"({"patternProperties":{)";
    for (int i = 0; i < 300; ++i) schema += "\"^k" + std::to_string(i) + "$\":{},";
    CHECK(Faults(schema + R"("x":{}}})").front().code == "too_large");
  }

  TEST_CASE("threads share one compiled schema") {
    const auto schema = Compiled(kPurchase);
    const std::string good = R"({"orderId":"AB-12","amount":19.99,"currency":"EUR","placedAt":"2026-11-20T10:00:00Z"})";
    const std::string bad = R"({"orderId":"ab","amount":-1,"currency":"GBP","placedAt":"yesterday"})";
    const Violations expected = schema->Judge(bad);
    CHECK(expected.size() == 4);
    std::atomic<int> mistakes = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 500; ++round) {
          if (!schema->Judge(good).empty()) ++mistakes;
          if (schema->Judge(bad) != expected) ++mistakes;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(mistakes == 0);
  }

  TEST_CASE("a compiled schema outlives its text and its compiler") {
    std::shared_ptr<const CompiledSchema> schema;
    {
      std::string text = R"({"enum":["a rather long text that is not kept inline"]})";
      schema = Compiled(text);
      std::fill(text.begin(), text.end(), 'x');
    }
    CHECK(schema->Judge(R"("a rather long text that is not kept inline")").empty());
  }
}
