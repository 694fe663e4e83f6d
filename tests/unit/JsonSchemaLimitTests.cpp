#include "tests/unit/JsonSchemaFixture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using namespace volcanion::test::json_schema;

/// [0,1,...,count-1]
std::string Numbers(int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + std::to_string(i);
  return text + "]";
}

/// ["k0","k1",...]
std::string Names(int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\"";
  return text + "]";
}

/// {"k0":1,"k1":1,...}
std::string Members(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  return text + "}";
}

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
    CHECK(Accepts(*schema, Repeated("[", 128) + Repeated("]", 128)));
    CHECK(IsUnjudged(schema->Judge(Repeated("[", 129) + Repeated("]", 129))));
    CHECK(IsUnjudged(schema->Judge(Repeated("[", 10'000) + Repeated("]", 10'000))));
    CHECK(IsUnjudged(schema->Judge(Repeated("[", 1'000'000))));
    CHECK(IsUnjudged(schema->Judge(Repeated("{\"a\":", 1'000'000))));
  }

  TEST_CASE("a schema that goes in circles is refused or leaves documents unjudged") {
    CHECK(Faults(R"({"$ref":"#"})").front().code == "circular_reference");
    CHECK(Faults(R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}},
                     "properties":{"x":{"$ref":"#/definitions/a"}}})")
              .front()
              .code == "circular_reference");
    CHECK(IsUnjudged(VerdictOf(R"({"allOf":[{"$ref":"#"}]})", "1")));
    CHECK(IsUnjudged(VerdictOf(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", "1")));
    CHECK(IsUnjudged(VerdictOf(R"({"not":{"$ref":"#"}})", "1")));
    CHECK(IsUnjudged(VerdictOf(R"({"if":{"$ref":"#"},"then":{}})", "1")));
    CHECK(IsUnjudged(VerdictOf(R"({"dependencies":{"a":{"$ref":"#"}}})", R"({"a":1})")));
  }

  TEST_CASE("schemas that lead into each other for ever leave documents unjudged") {
    const auto schema = Compiled(R"({"definitions":{"a":{"allOf":[{"$ref":"#/definitions/b"}]},
                                                    "b":{"anyOf":[{"$ref":"#/definitions/c"}]},
                                                    "c":{"oneOf":[{"$ref":"#/definitions/a"}]}},
                                     "properties":{"x":{"$ref":"#/definitions/a"}}})");
    CHECK(IsUnjudged(schema->Judge(R"({"x":1})")));
    CHECK(Accepts(*schema, R"({"y":1})"));
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
    CHECK(Accepts(*compiled, "null"));
    for (std::size_t at = schema.find("anyOf"); at != std::string::npos; at = schema.find("anyOf", at)) {
      schema.replace(at, 5, "oneOf");
    }
    CHECK(IsUnjudged(VerdictOf(schema, "1")));
  }

  TEST_CASE("a large ordinary document is judged whole, when it is given the time") {
    const auto schema = Compiled(R"({"items":{"type":"integer","minimum":0,"maximum":9,"enum":[1,2,3]}})");
    CHECK(Accepts(*schema, "[" + Repeated("1,", 1'000'000) + "1]"));
    CHECK(Accepts(R"({"uniqueItems":true})", Numbers(100'000)));
    CHECK(Judged(R"({"uniqueItems":true})", "[" + Numbers(100'000) + "," + Numbers(100'000) + "]").size() == 1);
    std::string object = "{";
    for (int i = 0; i < 50'000; ++i) object += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
    CHECK(Accepts(R"({"required":["k0","k49999","last"]})", object + R"("last":1})"));
  }

  TEST_CASE("a document that takes longer than its time is unjudged, and costs not much more") {
    using std::chrono::milliseconds;
    const auto schema = ValijsonSchemaCompiler({.steps = 1'000'000'000, .time = milliseconds(3)})
                            .Compile(R"({"items":{"anyOf":[{"type":"null"},{"minimum":5},{"const":"x"}]}})");
    REQUIRE(schema.ok());
    volcanion::application::JudgingBudget budget{milliseconds(1000)};
    const std::string document = Numbers(400'000);
    CHECK(IsUnjudged((*schema)->Judge(document, budget)));
    CHECK(budget.left <= milliseconds(997));
    CHECK(budget.left > milliseconds(500));
    CHECK((*schema)->Judge("[7,null]", budget).is_valid());
  }

  TEST_CASE("documents share a budget, and are unjudged when it is used up") {
    const auto schema = Compiled(R"({"items":{"type":"integer"}})");
    volcanion::application::JudgingBudget budget{std::chrono::milliseconds(2)};
    const std::string document = Numbers(20'000);
    int judged = 0;
    for (; judged < 1000 && !IsUnjudged(schema->Judge(document, budget)); ++judged) {
    }
    CHECK(judged < 1000);
    CHECK(budget.left <= std::chrono::nanoseconds(0));
    CHECK(IsUnjudged(schema->Judge("[]", budget)));
    CHECK(schema->Judge("[]").is_valid());
    // What is too short to be measured is paid for too, and so is what was given up.
    budget.left = std::chrono::milliseconds(100);
    CHECK(IsUnjudged(Compiled(R"({"allOf":[{"$ref":"#"}]})")->Judge("1", budget)));
    CHECK(budget.left < std::chrono::milliseconds(100));
    budget.left = std::chrono::microseconds(50);
    for (judged = 0; judged < 100'000 && schema->Judge("[1,2,3]", budget).is_valid(); ++judged) {
    }
    CHECK(judged > 10);
    CHECK(judged < 100'000);
  }

  TEST_CASE("every long loop is paid for") {
    const ValijsonSchemaCompiler compiler({.steps = 2000, .steps_per_byte = 0});
    struct Case {
      std::string schema;
      std::string json;
    };
    const std::string long_text = "\"" + std::string(200'000, 'a') + "\"";
    const std::string long_number = std::string(200'000, '7');
    const std::string nested = Repeated("[", 100) + Numbers(1000) + Repeated("]", 100);
    const std::vector<Case> cases = {
        {R"({"pattern":"b"})", long_text},
        {R"({"maxLength":5})", long_text},
        {R"({"minLength":200000})", long_text},
        {R"({"format":"email"})", long_text},
        {R"({"format":"regex"})", long_text},
        {R"({"enum":["a",1,2,3,4,5,6,7,8,9]})", long_text},
        {R"({"enum":[1,2,3,4,5,6,7,8,9,10]})", Numbers(5000)},
        {R"({"const":)" + long_text + "}", long_text},
        {R"({"multipleOf":7})", long_number},
        {R"({"maximum":7})", long_number},
        {R"({"type":"integer"})", long_number},
        {R"({"items":true})", Numbers(5000)},
        {R"({"items":[true],"additionalItems":true})", Numbers(5000)},
        {R"({"contains":{"type":"null"}})", Numbers(5000)},
        {R"({"uniqueItems":true})", Numbers(5000)},
        {R"({"uniqueItems":true,"items":{"$ref":"#"}})", nested},
        {R"({"properties":{"a":{}}})", Members(5000)},
        {R"({"patternProperties":{"x":{}}})", Members(5000)},
        {R"({"propertyNames":true})", Members(5000)},
        {R"({"required":)" + Names(5000) + "}", Members(5000)},
        {R"({"dependencies":{"k0":)" + Names(5000) + "}}", Members(5000)},
        {R"({"allOf":[)" + Repeated("{},", 5000) + "{}]}", "1"},
        {R"({"anyOf":[)" + Repeated("false,", 5000) + "{}]}", "1"},
        {R"({"oneOf":[)" + Repeated("{\"type\":\"null\"},", 5000) + "{}]}", "1"},
    };
    for (const Case& each : cases) {
      CAPTURE(each.schema.substr(0, 80));
      const auto schema = compiler.Compile(each.schema);
      REQUIRE(schema.ok());
      CHECK(IsUnjudged((*schema)->Judge(each.json)));
    }
  }

  TEST_CASE("a long string is judged or left unjudged soon, whatever the pattern") {
    std::string text;
    for (unsigned i = 0, random = 1; i < 60'000; ++i)
      text += (random = random * 1103515245 + 12345) >> 16 & 1 ? 'a' : 'b';
    const std::string json = "\"" + text + "\"";
    for (const std::string_view pattern :
         {"^(a|b)*$", "^(a+b*)*$", "(a*)*(b*)*c", "^[a-z]{1,30}$", "(.*)(.*)(.*)(.*)c"}) {
      CAPTURE(pattern);
      const auto schema = ValijsonSchemaCompiler().Compile(R"({"pattern":")" + std::string(pattern) + "\"}");
      REQUIRE(schema.ok());
      CHECK((*schema)->Judge(json).outcome != Verdict::Outcome::kUnjudged);
    }
    // These lead an automaton through more states than there is room for.
    for (const std::string_view pattern : {"(a|b)*a(a|b){900}c", "a[ab]{900}c", "a[ab]{200}c", "a.{90}b.{90}c"}) {
      CAPTURE(pattern);
      const auto schema = ValijsonSchemaCompiler().Compile(R"({"pattern":")" + std::string(pattern) + "\"}");
      REQUIRE(schema.ok());
      CHECK(IsUnjudged((*schema)->Judge(json)));
      volcanion::application::JudgingBudget budget;
      CHECK(IsUnjudged((*schema)->Judge(json, budget)));
      CHECK(budget.left > std::chrono::milliseconds(10));
      CHECK((*schema)->Judge(R"("abba")").outcome == Verdict::Outcome::kInvalid);
    }
  }

  TEST_CASE("many short texts are not judged without a look at the clock, whatever the pattern") {
    std::string texts;
    for (unsigned i = 0, random = 1; i < 50; ++i) {
      texts += i == 0 ? "\"" : ",\"";
      for (int j = 0; j < 500; ++j) texts += (random = random * 1103515245 + 12345) >> 16 & 1 ? 'a' : 'b';
      texts += std::to_string(i) + "\"";
    }
    std::string members = "{" + texts + ":1}";
    for (std::size_t at = members.find(','); at != std::string::npos; at = members.find(',', at + 3)) {
      members.insert(at, ":1");
    }
    // No time at all: the first look ends it. The steps alone would do.
    const ValijsonSchemaCompiler compiler({.steps = 1'000'000, .time = std::chrono::nanoseconds(1)});
    const auto strings = compiler.Compile(R"({"items":{"pattern":"a[ab]{100}c"}})");
    REQUIRE(strings.ok());
    CHECK(IsUnjudged((*strings)->Judge("[" + texts + "]")));
    CHECK((*strings)->Judge(R"(["abba","ab"])").outcome == Verdict::Outcome::kInvalid);
    const auto names = compiler.Compile(R"({"patternProperties":{"a[ab]{100}c":{}}})");
    REQUIRE(names.ok());
    CHECK(IsUnjudged((*names)->Judge(members)));
    CHECK((*names)->Judge(R"({"abba":1})").is_valid());
  }

  TEST_CASE("what a document breaks is told the same way every time") {
    std::string schema = R"({"additionalProperties":{"type":"integer"},"required":["z","y","x"],"patternProperties":{)";
    for (int i = 9; i >= 0; --i) schema += "\"k.*" + std::to_string(i) + R"(":{"minimum":)" + std::to_string(i) + "},";
    schema += R"("q":{}},"anyOf":[{"required":["z"]},{"maxProperties":1}],"propertyNames":{"maxLength":3}})";
    std::string json = "{";
    for (int i = 60; i > 0; --i) json += "\"k" + std::to_string(i * 7) + "\":-1.5,";
    json += R"("last":-1})";
    const Violations first = Judged(schema, json);
    CHECK(first.size() == 100);
    for (int i = 0; i < 5; ++i) CHECK(Judged(schema, json) == first);
    std::vector<std::string> order;  // of members, as they first appear
    for (const Violation& violation : first) {
      if (violation.keyword == "minimum" && (order.empty() || order.back() != violation.pointer)) {
        order.push_back(violation.pointer);
      }
    }
    REQUIRE(order.size() > 10);
    for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == "/k" + std::to_string((60 - i) * 7));
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
    CHECK(Accepts(*compiled, "[[[[1]]]]"));

    std::string at_once = R"({"definitions":{)";
    for (int i = 0; i < kLinks; ++i) {
      at_once += "\"d" + std::to_string(i) + R"(":{"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"},";
    }
    at_once += "\"d" + std::to_string(kLinks) + R"(":{"type":"string"}},"items":{"$ref":"#/definitions/d0"}})";
    CHECK(IsUnjudged(VerdictOf(at_once, "[1]")));
  }

  TEST_CASE("a schema that is too large to be loaded soon is refused with the limit") {
    const std::vector<std::string> schemas = {
        R"({"allOf":[)" + Repeated("{},", 340'000) + "{}]}",
        R"({"items":[)" + Repeated("true,", 200'000) + "true]}",
        R"({"definitions":{"a":{"anyOf":[)" + Repeated(R"({"$ref":"#"},)", 60'000) + "{}]}}}",
        R"({"properties":{")" + std::string(500'000, 'n') + R"(":{"allOf":[)" + Repeated("{},", 150'000) + "{}]}}}",
        R"({"anyOf":[)" + Repeated(R"({"$id":"x"},)", 80'000) + "{}]}",
    };
    for (const std::string& schema : schemas) {
      CAPTURE(schema.substr(0, 40));
      const std::vector<Fault> faults = Faults(schema);
      REQUIRE(faults.size() == 1);
      CHECK(faults.front().code == "too_large");
      CHECK(faults.front().message == "must not hold more than 25000 schemas");
    }
    const std::vector<std::string> patterns = {
        R"({"pattern":")" + Repeated(R"(\\p{L})", 140'000) + R"("})",
        R"({"pattern":")" + Repeated("[a-z]", 100'000) + R"("})",
        R"({"allOf":[)" + Repeated(R"({"pattern":")" + Repeated(R"(\\P{L}|)", 600) + R"("},)", 20) + R"({"pattern":")" +
            Repeated(R"(\\p{L}|)", 601) + R"("}]})",
    };
    for (const std::string& schema : patterns) {
      CAPTURE(schema.substr(0, 40));
      CHECK(Faults(schema).front().code == "too_large");
    }
    CHECK(Accepts(
        R"({"properties":{")" + std::string(500'000, 'n') + R"(":{"allOf":[)" + Repeated("{},", 20'000) + "{}]}}}",
        "{}"));
    CHECK(Accepts(R"({"items":{"enum":)" + Numbers(100'000) + "}}", Numbers(1000)));
  }

  TEST_CASE("many patterns are refused rather than compiled") {
    std::string schema = R"({"patternProperties":{)";
    for (int i = 0; i < 300; ++i) schema += "\"^k" + std::to_string(i) + "$\":{},";
    CHECK(Faults(schema + R"("x":{}}})").front().code == "too_large");
  }
}
