#include "tests/unit/JsonSchemaFixture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using namespace volcanion::test::json_schema;

}  // namespace

TEST_SUITE("JsonSchema") {
  TEST_CASE("a document has at most 100 violations, of a limited size") {
    CHECK(Judged(R"({"items":{"type":"string"}})", "[" + Repeated("1,", 999) + "1]").size() == 100);
    CHECK(Judged(R"({"additionalProperties":false})", R"({"a":1,"b":{}})").size() == 2);
    const std::string name(100'000, 'n');
    const Violations deep = Judged(R"({"additionalProperties":{"items":{"type":"string"}}})",
                                   "{\"" + name + "\":[" + Repeated("1,", 200) + "1]}");
    REQUIRE(deep.size() == 100);
    CHECK(deep.front().pointer.size() < 1100);
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
}
