#include "Infrastructure/JsonSchema/UriReference.h"
#include "tests/unit/JsonSchemaFixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace volcanion::test::json_schema;

}  // namespace

TEST_SUITE("JsonSchema") {
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
    CHECK(
        Judged(R"({"properties":{"next":{"$ref":"#"}},"required":["id"]})", R"({"id":1,"next":{"id":2,"next":{}}})") ==
        Violations{{"/next/next/id", "required", "is required", "/required"}});
  }

  TEST_CASE("the metaschemas of the drafts are built in") {
    const auto of = [](std::string_view draft) {
      return Compiled(R"({"$ref":"http://json-schema.org/)" + std::string(draft) + R"(/schema#"})");
    };
    // A reference may lead from any draft to any other; a metaschema means what its own draft means.
    for (const std::string_view draft : {"draft-04", "draft-06", "draft-07"}) {
      CAPTURE(draft);
      const auto schema = of(draft);
      CHECK(Accepts(*schema, kPurchase));
      CHECK(Accepts(*schema, R"({"allOf":[{"not":{"items":[{"type":["string","null"]}]}}]})"));
      for (const std::string_view bad :
           {R"({"type":1})", R"({"type":"any"})", R"({"properties":{"a":{"minLength":-1}}})", R"({"required":true})",
            R"({"items":{"enum":{}}})", R"({"allOf":[]})", R"({"multipleOf":0})", R"({"pattern":"("})", "1"}) {
        CAPTURE(bad);
        CHECK_FALSE(Accepts(*schema, bad));
      }
    }
    CHECK_FALSE(Accepts(*of("draft-04"), "true"));
    CHECK(Accepts(*of("draft-06"), "true"));
    CHECK(Accepts(*of("draft-04"), R"({"minimum":1,"exclusiveMinimum":true})"));
    CHECK_FALSE(Accepts(*of("draft-04"), R"({"exclusiveMinimum":true})"));
    CHECK_FALSE(Accepts(*of("draft-06"), R"({"minimum":1,"exclusiveMinimum":true})"));
    CHECK_FALSE(Accepts(*of("draft-04"), R"({"minLength":1.0})"));
    CHECK(Accepts(*of("draft-07"), R"({"minLength":1.0})"));
    CHECK(Accepts(*of("draft-06"), R"({"if":1})"));
    CHECK_FALSE(Accepts(*of("draft-07"), R"({"if":1})"));

    const auto part = Compiled(Draft4(
        R"("properties":{"count":{"$ref":"https://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger"}})"));
    CHECK(Accepts(*part, R"({"count":3.0})"));
    CHECK(Judged(*part, R"({"count":-3})").size() == 1);
    CHECK(Faults(R"({"$ref":"http://json-schema.org/draft-07/schema#/definitions/none"})").front().code ==
          "unresolved_reference");
    CHECK(Faults(R"({"$ref":"http://json-schema.org/draft-05/schema#"})").front().code == "remote_reference");
    CHECK(Judged(R"({"$id":"http://json-schema.org/draft-07/schema#","items":{"$ref":"#/definitions/a"},
                     "definitions":{"a":{"type":"null"}}})",
                 "[1]")
              .size() == 1);
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

  TEST_CASE("draft 6 is draft 4 with new keywords, and draft 7 without some") {
    const auto draft6 = [](std::string_view members) {
      return R"({"$schema":"http://json-schema.org/draft-06/schema#",)" + std::string(members) + "}";
    };
    struct Case {
      std::string_view members;
      std::string_view json;
      bool accepted;
    };
    const std::vector<Case> cases = {
        {R"("properties":{"a":true,"b":false})", R"({"a":1})", true},
        {R"("properties":{"a":true,"b":false})", R"({"b":1})", false},
        {R"("items":false)", "[]", true},
        {R"("items":false)", "[1]", false},
        {R"("anyOf":[false,{"type":"null"}])", "null", true},
        {R"("not":true)", "1", false},
        {R"("dependencies":{"a":false})", R"({"a":1})", false},
        {R"("dependencies":{"a":[]})", R"({"a":1})", true},
        {R"("const":{"a":[1]})", R"({"a":[1.0]})", true},
        {R"("const":null)", "0", false},
        {R"("contains":{"minimum":5})", "[1,7]", true},
        {R"("contains":{"minimum":5})", "[]", false},
        {R"("contains":false)", "[1]", false},
        {R"("contains":true)", "{}", true},
        {R"("propertyNames":{"maxLength":2})", R"({"ab":1})", true},
        {R"("propertyNames":{"maxLength":2})", R"({"abc":1})", false},
        {R"("propertyNames":false)", "{}", true},
        {R"("exclusiveMinimum":3)", "3", false},
        {R"("exclusiveMinimum":3)", "3.0000000000000000001", true},
        {R"("minimum":5,"exclusiveMinimum":3)", "4", false},
        {R"("exclusiveMaximum":3)", "2.9", true},
        {R"("type":"integer")", "-2.0", true},
        {R"("type":"integer")", "2.5", false},
        {R"("required":[])", "{}", true},
        {R"("$id":"http://example.com/root","items":{"$ref":"item"},"definitions":{"x":{"$id":"item","type":"null"}})",
         "[1]", false},
        {R"("id":"http://example.com/root","definitions":{"x":{"id":"item"}})", "1", true},
        {R"("examples":[1],"title":"","if":{"type":"string"},"then":false,"else":false)", R"("x")", true},
        {R"("readOnly":true,"contentMediaType":"application/json","contentEncoding":"base64")", R"("{")", true},
    };
    for (const Case& each : cases) {
      CAPTURE(each.members);
      CAPTURE(each.json);
      CHECK(Accepts(draft6(each.members), each.json) == each.accepted);
    }
    CHECK(Faults(draft6(R"("exclusiveMinimum":true,"minimum":1)")).front().pointer == "/exclusiveMinimum");
    CHECK(Faults(draft6(R"("items":{"$ref":"item"},"definitions":{"x":{"id":"item"}})")).front().code ==
          "remote_reference");
    CHECK(Faults(draft6(R"("contains":[])")).front().pointer == "/contains");
    CHECK(Accepts(Draft4(R"("id":"http://example.com/root","items":{"$ref":"item"},
                            "definitions":{"x":{"id":"item","type":"null"}})"),
                  "[null]"));
  }

  TEST_CASE("threads share one compiled schema") {
    const auto schema = Compiled(kPurchase);
    const std::string good = R"({"orderId":"AB-12","amount":19.99,"currency":"EUR","placedAt":"2026-11-20T10:00:00Z"})";
    const std::string bad = R"({"orderId":"ab","amount":-1,"currency":"GBP","placedAt":"yesterday"})";
    const Verdict expected = schema->Judge(bad);
    CHECK(expected.violations.size() == 4);
    std::atomic<int> mistakes = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 500; ++round) {
          if (!Accepts(*schema, good)) ++mistakes;
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
    CHECK(Accepts(*schema, R"("a rather long text that is not kept inline")"));
  }
}
