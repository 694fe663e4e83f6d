#include "Infrastructure/JsonSchema/SchemaComparison.h"
#include "tests/unit/JsonSchemaFixture.h"
#include "tests/unit/RandomSchemas.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace volcanion::test::json_schema;
using volcanion::application::SchemaChange;
using volcanion::domain::Compatibility;
using volcanion::infrastructure::SchemaComparison;

std::vector<SchemaChange> Changes(std::string_view before, std::string_view after, Compatibility wanted) {
  auto changes = SchemaComparison().Compare(before, after, wanted);
  INFO(before.substr(0, 200) << " -> " << after.substr(0, 200));
  REQUIRE(changes.ok());
  return *changes;
}

/// What the new version breaks, a line for each change: its code and its message.
std::string Broken(std::string_view before, std::string_view after, Compatibility wanted = Compatibility::kBackward) {
  std::string lines;
  for (const SchemaChange& change : Changes(before, after, wanted)) {
    CHECK(change.breaks ==
          (wanted == Compatibility::kForward ? SchemaChange::Breaks::kForward : SchemaChange::Breaks::kBackward));
    CHECK(change.message.starts_with(change.pointer.empty() ? "" : change.pointer + ": "));
    lines += (lines.empty() ? "" : "\n") + change.code + " " + change.message;
  }
  return lines;
}

bool Same(std::string_view before, std::string_view after) {
  return Changes(before, after, Compatibility::kFull).empty();
}

/// Whether the new version takes more.
bool Widens(std::string_view before, std::string_view after) {
  return Changes(before, after, Compatibility::kBackward).empty() &&
         !Changes(before, after, Compatibility::kForward).empty();
}

struct Step {
  std::string_view before;
  std::string_view after;
  std::string_view backward;  ///< what it breaks
  std::string_view forward;
};

void CheckSteps(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    INFO(step.before << " -> " << step.after);
    CHECK(Broken(step.before, step.after) == step.backward);
    CHECK(Broken(step.before, step.after, Compatibility::kForward) == step.forward);
  }
}

std::string Joined(std::size_t count, const std::function<std::string(std::size_t)>& part) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + part(i);
  return text;
}

}  // namespace

TEST_SUITE("SchemaComparison") {
  TEST_CASE("a change is told from the old version to the new one, in both directions") {
    CheckSteps({
        {R"({"properties":{"amount":{"maximum":1000}}})", R"({"properties":{"amount":{"maximum":100}}})",
         "maximum_lowered /properties/amount: maximum lowered from 1000 to 100", ""},
        {R"({"properties":{"amount":{"maximum":1000}}})", R"({"properties":{"amount":{"maximum":2e3}}})", "",
         "maximum_raised /properties/amount: maximum raised from 1000 to 2e3"},
        {R"({"type":["string","null"]})", R"({"type":"string"})",
         "type_narrowed type changed from a string or null to a string", ""},
        {R"({"type":"integer"})", R"({"type":"number"})", "", "type_widened type changed from an integer to a number"},
        {R"({"type":"string"})", R"({"type":"integer"})", "type_changed type changed from a string to an integer",
         "type_changed type changed from a string to an integer"},
        {R"({"enum":["a","b","c"]})", R"({"enum":["c","a","d"]})", "value_removed enum no longer allows b",
         "value_added enum now allows d"},
        {R"({"type":"string"})", R"({"enum":["c","a"]})", "enum_added enum (c, a) added", ""},
        {R"({"enum":["a","b"]})", R"({"const":"a"})", "value_removed const no longer allows b", ""},
        {R"({"maximum":5})", R"({"exclusiveMaximum":5.0})", "maximum_made_exclusive maximum 5.0 is exclusive now", ""},
        {R"({})", R"({"minimum":5})", "minimum_added minimum 5 added", ""},
        {R"({"minLength":1})", R"({"minLength":3,"maxLength":5})",
         "min_length_raised minLength raised from 1 to 3\nmax_length_added maxLength 5 added", ""},
        {R"({"pattern":"^a"})", R"({})", "", "pattern_removed pattern ^a removed"},
        {R"({"format":"date"})", R"({"format":"date-time"})", "format_changed format changed from date to date-time",
         "format_changed format changed from date to date-time"},
        {R"({"multipleOf":0.01})", R"({"multipleOf":0.1})", "multiple_of_changed multipleOf changed from 0.01 to 0.1",
         ""},
    });
  }

  TEST_CASE("members that come, go and are asked for") {
    CheckSteps({
        {R"({"properties":{"a":{}}})", R"({"properties":{"a":{}},"required":["a","b"]})",
         "required_added /properties/a: is required now\nrequired_added property b is required now", ""},
        // Content is open: whoever sent "coupon" could send anything.
        {R"({"properties":{"a":{}}})", R"({"properties":{"a":{},"coupon":{"type":"string","maxLength":3}}})",
         "property_constrained /properties/coupon: property added; before, any value was allowed here", ""},
        {R"({"properties":{"a":{}},"additionalProperties":false})",
         R"({"properties":{"a":{},"coupon":{"type":"string"}},"additionalProperties":false})", "",
         "property_added /properties/coupon: is allowed now; before, it was not"},
        {R"({"properties":{"a":{},"coupon":{"type":"string"}},"additionalProperties":false})",
         R"({"properties":{"a":{}},"additionalProperties":false})",
         "property_removed /properties/coupon: is no longer allowed", ""},
        {R"({"properties":{"a":{},"coupon":{"type":"string"}}})", R"({"properties":{"a":{}}})", "",
         "property_freed /properties/coupon: property removed; now, any value is allowed here"},
        {R"({"properties":{"a":{}}})", R"({"properties":{"a":{}},"additionalProperties":false})",
         "additional_properties_closed additional properties are no longer allowed", ""},
        {R"({"additionalProperties":{"type":"string"}})", R"({"additionalProperties":{"type":["string","null"]}})", "",
         "type_widened /additionalProperties: type changed from a string to a string or null"},
        {R"({"patternProperties":{"^x":{"type":"string"}}})", R"({"patternProperties":{"^x":{"maxLength":5}}})",
         "max_length_added /patternProperties/^x: maxLength 5 added",
         "type_widened /patternProperties/^x: type changed from a string to anything"},
        {R"({})", R"({"patternProperties":{"^x":{"type":"integer"}}})",
         "pattern_properties_constrained /patternProperties/^x: properties that match ^x must fit a schema; before, "
         "any "
         "value was allowed",
         ""},
        {R"({"propertyNames":{"maxLength":9}})", R"({"propertyNames":{"maxLength":8}})",
         "max_length_lowered /propertyNames: maxLength lowered from 9 to 8", ""},
        {R"({})", R"({"dependencies":{"card":["billing"],"cash":{"required":["shop"]}}})",
         "dependency_added property billing is required now when card is present\n"
         "required_added /dependencies/cash: property shop is required now",
         ""},
        {R"({"minProperties":1})", R"({"minProperties":2,"maxProperties":9})",
         "min_properties_raised minProperties raised from 1 to 2\nmax_properties_added maxProperties 9 added", ""},
    });
  }

  TEST_CASE("arrays and combinations") {
    CheckSteps({
        {R"({"items":{"type":"integer"}})", R"({"items":[{"type":"integer"}]})", "",
         "type_widened /items: type changed from an integer to anything"},
        {R"({"items":[{"type":"integer"},{}]})", R"({"items":[{"type":"integer"},{}],"additionalItems":false})",
         "items_closed more than 2 items are no longer allowed", ""},
        {R"({"type":"array"})", R"({"type":"array","contains":{"type":"string"},"uniqueItems":true,"maxItems":2})",
         "contains_added contains added: an item must fit a schema that none had to fit\n"
         "unique_items_added uniqueItems true added\nmax_items_added maxItems 2 added",
         ""},
        {R"({"contains":{"enum":["a","b"]}})", R"({"contains":{"enum":["a"]}})",
         "value_removed /contains: enum no longer allows b", ""},
        {R"({"anyOf":[{"type":"string","maxLength":5},{"type":"null"}]})",
         R"({"anyOf":[{"type":"string","maxLength":3},{"type":"null"}]})",
         "max_length_lowered /anyOf/0: maxLength lowered from 5 to 3", ""},
        {R"({"anyOf":[{"type":"string"},{"required":["a"]},{"required":["b"]}]})",
         R"({"anyOf":[{"type":"string"},{"required":["a"]}]})",
         "alternative_removed /anyOf/2: what fits this alternative may fit none any more", ""},
        {R"({"oneOf":[{"const":"a","title":"A"},{"const":"b"}]})", R"({"oneOf":[{"const":"a"},{"const":"c"}]})",
         "value_removed /oneOf/1: const no longer allows b", "value_added /oneOf/1: const now allows c"},
        {R"({"type":"string"})", R"({"type":"string","oneOf":[{"minLength":3},{"maxLength":3}]})",
         "one_of_changed cannot be compared: it is not certain that exactly one alternative of oneOf fits whatever was "
         "valid before",
         ""},
        {R"({"not":{"type":"string"}})", R"({"not":{"enum":["a",1]}})",
         "exclusion_changed cannot be compared: not may exclude something that was valid before",
         "exclusion_changed cannot be compared: not may have excluded something that is valid now"},
        {R"({"not":{"type":"string","minLength":3}})", R"({"not":{"type":"string"}})",
         "exclusion_changed cannot be compared: not may exclude something that was valid before", ""},
        {R"({"if":{"required":["a"]},"then":{"required":["b"]}})",
         R"({"if":{"required":["a"]},"then":{"required":["b","c"]}})",
         "required_added /then: property c is required now", ""},
        {R"({"type":"object"})", R"(false)", "nothing_allowed nothing is allowed here any more", ""},
        {R"({"properties":{"x":{"$ref":"#/definitions/m"}},"definitions":{"m":{"maximum":5}}})",
         R"({"properties":{"x":{"$ref":"#/definitions/m"}},"definitions":{"m":{"maximum":4}}})",
         "maximum_lowered /definitions/m: maximum lowered from 5 to 4", ""},
        // The same reason at two places is told once.
        {R"({"properties":{"x":{"$ref":"#/definitions/m"},"y":{"maxLength":9,"allOf":[{"$ref":"#/definitions/m"}]}},
             "definitions":{"m":{}}})",
         R"({"properties":{"x":{"$ref":"#/definitions/m"},"y":{"maxLength":9,"allOf":[{"$ref":"#/definitions/m"}]}},
             "definitions":{"m":{"maximum":4}}})",
         "maximum_added /definitions/m: maximum 4 added", ""},
    });
  }

  TEST_CASE("what means the same is no change") {
    CHECK(
        Same(R"({"type":"object","required":["a","b"],"properties":{"a":{"minimum":1},"b":{"enum":[1,"x"]}}})",
             R"({"properties":{"b":{"enum":["x",1.0]},"a":{"minimum":1.0}},"required":["b","a"],"type":["object"]})"));
    CHECK(Same(
        R"({"title":"x","properties":{"a":{"description":"y","default":1,"examples":[2]}},"definitions":{}})",
        R"({"$schema":"http://json-schema.org/draft-06/schema#","properties":{"a":{"$comment":"z","mine":true}}})"));
    CHECK(Same(R"({"properties":{"a":{"$ref":"#/definitions/d"}},"definitions":{"d":{"type":"string"}}})",
               R"({"properties":{"a":{"type":"string"}}})"));
    CHECK(Same(R"({"allOf":[{"type":"string"},{"maxLength":5}]})", R"({"type":"string","maxLength":5})"));
    CHECK(Same(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", R"({"type":["string","null"]})"));
    CHECK(Same(R"({"oneOf":[{"const":"a"},{"const":"b"}]})", R"({"enum":["b","a"]})"));
    CHECK(Same(R"({"type":"boolean"})", R"({"enum":[true,false]})"));
    CHECK(Same(R"({"type":"integer","exclusiveMinimum":0})", R"({"type":"integer","minimum":1})"));
    CHECK(Same(R"({"type":"string","minimum":5,"required":["a"]})", R"({"type":"string"})"));
    CHECK(Same(R"({"not":{"not":{"type":"string"}}})", R"({"type":"string"})"));
    CHECK(Same(R"({"format":"colour"})", "true"));
    CHECK(Same(Draft4(R"("maximum":5,"exclusiveMaximum":true)"), R"({"exclusiveMaximum":5})"));
    CHECK(Same(Draft4(R"("not":{})"), "false"));
    CHECK(Same(Draft4(R"("type":"number")"), R"({"type":"number"})"));
  }

  TEST_CASE("what only takes more is compatible backward and not forward") {
    CHECK(Widens(R"({"required":["a"],"properties":{"a":{"type":"string","maxLength":5}}})",
                 R"({"properties":{"a":{"type":["string","null"],"maxLength":6}}})"));
    CHECK(Widens(R"({"properties":{"a":{"enum":["x","y"]}},"additionalProperties":false})",
                 R"({"properties":{"a":{"pattern":"^[xyz]$"},"b":{"minimum":1}},"additionalProperties":false})"));
    CHECK(Widens(R"({"multipleOf":4,"minimum":10})", R"({"multipleOf":2,"exclusiveMinimum":9.99})"));
    CHECK(Widens(R"({"oneOf":[{"type":"string","maxLength":3},{"type":"null"}]})",
                 R"({"oneOf":[{"type":"null"},{"type":"string","maxLength":4},{"type":"array"}]})"));
    const auto payment = [](const std::string& limit) {
      return R"({"type":"object","required":["kind"],"oneOf":[{"properties":{"kind":{"const":"cash"}}},
                 {"properties":{"kind":{"const":"card"},"number":{"maxLength":)" +
             limit + "}}}]}";
    };
    CHECK(Widens(payment("9"), payment("12")));
    CHECK(Widens(R"({"not":{"type":["string","null"]}})", R"({"not":{"type":"string"}})"));
    CHECK(Widens(R"({"if":{"type":"string"},"then":{"maxLength":3},"else":{"type":"null"}})",
                 R"({"if":{"type":"string"},"then":{"maxLength":4},"else":{"type":["null","integer"]}})"));
    CHECK(Widens(R"({"items":[{"type":"string"}],"additionalItems":false})", R"({"items":{"type":"string"}})"));
    CHECK(Widens(R"({"properties":{"a":true},"additionalProperties":false})", R"({"propertyNames":{"maxLength":1}})"));
    CHECK(Widens(R"({"required":["a"],"dependencies":{"a":["b"]}})", R"({"required":["b"]})"));
    CHECK(Widens(Draft4(R"("type":"integer")"), R"({"type":"integer"})"));
  }

  TEST_CASE("schemas that refer to themselves are compared") {
    const auto tree = [](std::string_view value) {
      return R"({"type":"object","properties":{"left":{"$ref":"#"},"right":{"$ref":"#"},"value":)" +
             std::string(value) + R"(},"additionalProperties":false})";
    };
    CHECK(Widens(tree(R"({"type":"integer"})"), tree(R"({"type":"number"})")));
    CHECK(Broken(tree(R"({"maximum":2})"), tree(R"({"maximum":1})")) ==
          "maximum_lowered /properties/value: maximum lowered from 2 to 1");
    // Mutually, and unrolled once.
    CHECK(Same(R"({"properties":{"a":{"$ref":"#"}},"required":["b"]})",
               R"({"properties":{"a":{"properties":{"a":{"$ref":"#"}},"required":["b"]}},"required":["b"]})"));
    CHECK(Same(R"({"$ref":"#/definitions/x","definitions":{"x":{"items":{"$ref":"#/definitions/y"},"maxItems":3},
                   "y":{"properties":{"x":{"$ref":"#/definitions/x"}}}}})",
               R"({"definitions":{"x":{"items":{"properties":{"x":{"$ref":"#/definitions/x"}}},"maxItems":3}},
                   "allOf":[{"$ref":"#/definitions/x"}]})"));
    // What was assumed on the way to an alternative that does not fit is not known elsewhere.
    const auto mutual = [](std::string_view type, std::string_view x) {
      return R"({"definitions":{"a":{"properties":{"c":{"$ref":"#/definitions/c"},"n":{"type":")" + std::string(type) +
             R"("}}},"c":{"properties":{"a":{"$ref":"#/definitions/a"}}}},"properties":{"x":)" + std::string(x) +
             R"(,"y":{"$ref":"#/definitions/c"}}})";
    };
    CHECK(Broken(mutual("string", R"({"$ref":"#/definitions/a"})"),
                 mutual("integer", R"({"anyOf":[{"$ref":"#/definitions/a"},{}]})")) ==
          "type_changed /definitions/a/properties/n: type changed from a string to an integer");
    // Under this one nothing is ever judged.
    CHECK(Broken("{}", R"({"anyOf":[{"$ref":"#"},{}]})").find("cannot be compared") != std::string::npos);
    CHECK(Same(R"({"anyOf":[{"$ref":"#"},{}]})", R"({"anyOf":[{"$ref":"#"},{}]})"));
  }

  TEST_CASE("drafts are compared by what they mean") {
    CHECK(Broken(R"({"type":"integer"})", Draft4(R"("type":"integer")")) ==
          "type_narrowed an integer no longer includes 1.0, which is no integer to draft 4 and one to later drafts");
    CHECK(Broken(R"({"const":1})", Draft4(R"("const":1)"), Compatibility::kForward) ==
          "const_removed const (1) removed");
    CHECK(Broken(Draft4(R"("if":{"type":"string"},"then":false)"), R"({"if":{"type":"string"},"then":false})") ==
          "nothing_allowed /then: nothing is allowed here any more");
  }

  TEST_CASE("only what is wanted is told, and schemas that cannot be read are refused") {
    const std::string_view narrow = R"({"type":"integer"})";
    const std::string_view wide = R"({"type":"number"})";
    CHECK(Changes(wide, narrow, Compatibility::kNone).empty());
    CHECK(Changes(wide, narrow, Compatibility::kForward).empty());
    CHECK(Changes(wide, narrow, Compatibility::kFull).size() == 1);
    CHECK(Changes(narrow, R"({"type":"string"})", Compatibility::kFull).size() == 2);
    for (const std::string_view broken : {"", "[]", R"({"$schema":"x"})", R"({"items":{"$ref":"#/definitions/x"}})"}) {
      const auto compared = SchemaComparison().Compare(wide, broken, Compatibility::kNone);
      REQUIRE_FALSE(compared.ok());
      CHECK(compared.error().kind == ErrorKind::kInvalid);
      CHECK_FALSE(SchemaComparison().Compare(broken, wide, Compatibility::kFull).ok());
    }
  }

  TEST_CASE("any two schemas are compared soon, and never called compatible for want of time") {
    const auto nest = [](std::size_t depth, const std::string& keyword, const std::string& leaf) {
      return R"({"definitions":{"d0":)" + leaf + "," +
             Joined(depth,
                    [&](std::size_t i) {
                      const std::string below = R"({"$ref":"#/definitions/d)" + std::to_string(i) + "\"}";
                      return "\"d" + std::to_string(i + 1) + R"(":{")" + keyword + "\":[" + below + "," + below + "]}";
                    }) +
             R"(},"allOf":[{"$ref":"#/definitions/d)" + std::to_string(depth) + R"("}]})";
    };
    const auto object = [](std::size_t count, const std::string& value) {
      return R"({"properties":{)" +
             Joined(count, [&](std::size_t i) { return "\"property" + std::to_string(i) + "\":" + value; }) +
             R"(},"required":[)" +
             Joined(count, [](std::size_t i) { return "\"property" + std::to_string(i) + "\""; }) +
             R"(],"additionalProperties":false})";
    };
    const auto numbers = [](std::size_t count) {
      return R"({"enum":[)" + Joined(count, [](std::size_t i) { return std::to_string(i); }) + "]}";
    };
    const auto variants = [](std::size_t count, const std::string& more) {
      return R"({"oneOf":[)" +
             Joined(count,
                    [&](std::size_t i) {
                      return R"({"required":["kind"],"properties":{"kind":{"const":)" + std::to_string(i) + "}" + more +
                             "}}";
                    }) +
             "]}";
    };
    const auto levels = [](std::size_t depth, const std::string& open, const std::string& leaf,
                           const std::string& close) { return Repeated(open, depth) + leaf + Repeated(close, depth); };
    const std::string name(400'000, 'n');
    const std::vector<std::pair<std::string, std::string>> pairs = {
        {nest(40, "anyOf", R"({"maximum":5})"), nest(40, "anyOf", R"({"maximum":4})")},
        {nest(40, "oneOf", R"({"maximum":5})"), nest(40, "oneOf", R"({"maximum":4})")},
        {nest(40, "allOf", R"({"maximum":5})"), nest(40, "allOf", R"({"maximum":4})")},
        {nest(5000, "anyOf", R"({"maximum":5})"), nest(5000, "anyOf", R"({"maximum":4})")},
        {object(10'000, "true"), object(10'000, R"({"type":"string"})")},
        {numbers(100'001), numbers(100'000)},
        {numbers(10'001), R"({"anyOf":[{"type":"string"},)" + numbers(10'000) + "]}"},
        {variants(300, ""), variants(300, R"(,"x":{"type":"string"})")},
        {levels(90, R"({"not":)", R"({"maximum":2})", "}"), levels(90, R"({"not":)", R"({"maximum":1})", "}")},
        {levels(20, R"({"anyOf":[{"type":"null"},{"items":)", R"({"maximum":2})", "}]}"),
         levels(20, R"({"anyOf":[{"type":"null"},{"items":)", R"({"maximum":1})", "}]}")},
        {R"({"enum":[)" + levels(90, "[", "", "]") + "]}", R"({"items":{"$ref":"#"},"maxItems":0})"},
        {"{}", R"({"required":[")" + name + R"("],"properties":{")" + name + R"(":{"items":{"type":"null"}}}})"},
    };
    for (const auto& [before, after] : pairs) {
      INFO(before.substr(0, 100) << " -> " << after.substr(0, 100));
      const auto start = std::chrono::steady_clock::now();
      const std::vector<SchemaChange> changes = Changes(before, after, Compatibility::kBackward);
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
      CHECK_FALSE(changes.empty());
      CHECK(changes.size() <= 100);
      for (const SchemaChange& change : changes) CHECK(change.message.size() < 2500);
    }
    CHECK(Same(nest(40, "allOf", "{}"), "true"));
    CHECK(Same(object(10'000, R"({"type":"string"})"), object(10'000, R"({"type":["string"]})")));
  }

  TEST_CASE("no document turns invalid between versions that are called compatible") {
    std::mt19937 random(20261120);
    std::vector<std::string> documents;
    for (int i = 0; i < 400; ++i) documents.push_back(RandomDocument(random));
    std::size_t compatible = 0;
    std::size_t incompatible = 0;
    std::size_t judged = 0;
    for (int i = 0; i < 3000; ++i) {
      const bool drafts = i % 4 == 0;
      const Decisions decisions = RandomDecisions(random, 60);
      const std::string before = SchemaOf(decisions, drafts);
      const std::string after = SchemaOf(i % 8 == 1 ? RandomDecisions(random, 60) : Changed(decisions, random), drafts);
      if (before == after) continue;
      const auto old_version = Compiled(before);
      const auto new_version = Compiled(after);
      if (!Changes(before, after, Compatibility::kBackward).empty()) {
        ++incompatible;
        continue;
      }
      ++compatible;
      for (const std::string& document : documents) {
        if (!IsValid(*old_version, document)) continue;
        ++judged;
        INFO("before: " << before << "\nafter: " << after << "\ndocument: " << document);
        REQUIRE(IsValid(*new_version, document));
      }
    }
    // Neither answer is the only one, and there were documents to be wrong about.
    CHECK(compatible > 900);
    CHECK(incompatible > 900);
    CHECK(judged > 100'000);
  }
}
