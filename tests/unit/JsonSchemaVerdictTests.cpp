#include "tests/unit/JsonSchemaFixture.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace volcanion::test::json_schema;

}  // namespace

TEST_SUITE("JsonSchema") {
  TEST_CASE("an ordinary event that fits its schema has no violations") {
    CHECK(Accepts(kPurchase, R"({"orderId":"AB-12","amount":19.99,"currency":"EUR","placedAt":"2026-11-20T10:00:00Z",
                                 "items":3,"note":null})"));
  }

  TEST_CASE("violations come in document order, a missing member before what is wrong in those that are there") {
    CHECK(Judged(kPurchase, R"({"note":5,"colour":"red","items":0,"currency":"GBP","amount":-1.005})") ==
          Violations{
              {"/orderId", "required", "is required", "/required"},
              {"/note", "type", "must be a string or null; was a number", "/properties/note/type"},
              {"/colour", "additionalProperties", "is not allowed", "/additionalProperties"},
              {"/items", "minimum", "must be at least 1; was 0", "/properties/items/minimum"},
              {"/currency", "enum", "must be one of EUR, USD, CHF; was GBP", "/properties/currency/enum"},
              {"/amount", "minimum", "must be at least 0; was -1.005", "/properties/amount/minimum"},
              {"/amount", "multipleOf", "must be a multiple of 0.01; was -1.005", "/properties/amount/multipleOf"}});
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
        {R"({"minimum":0})", "-1", {"", "minimum", "must be at least 0; was -1"}},
        {R"({"maximum":9.5})", "9.50001", {"", "maximum", "must be at most 9.5; was 9.50001"}},
        {R"({"exclusiveMinimum":0})", "0.0", {"", "exclusiveMinimum", "must be greater than 0; was 0.0"}},
        {R"({"exclusiveMaximum":10})", "1e1", {"", "exclusiveMaximum", "must be less than 10; was 1e1"}},
        {Draft4(R"("minimum":0,"exclusiveMinimum":true)"), "0", {"", "minimum", "must be greater than 0; was 0"}},
        {R"({"multipleOf":5})", "7", {"", "multipleOf", "must be a multiple of 5; was 7"}},
        {R"({"minLength":2})", R"("é")", {"", "minLength", "must have at least 2 characters; has 1"}},
        {R"({"maxLength":1})", R"("ab")", {"", "maxLength", "must have at most 1 character; has 2"}},
        {R"({"pattern":"^x$"})", R"("xx")", {"", "pattern", "must match the pattern ^x$; was xx"}},
        {R"({"format":"date"})",
         R"("2026-02-29")",
         {"", "format", "must be a date such as 2026-11-20; was \"2026-02-29\""}},
        {R"({"minItems":1})", "[]", {"", "minItems", "must have at least 1 item; has 0"}},
        {R"({"maxItems":2})", "[1,2,3]", {"", "maxItems", "must have at most 2 items; has 3"}},
        {R"({"uniqueItems":true})",
         "[1,2,1.0]",
         {"", "uniqueItems", "must not repeat an item: items 0 and 2 are equal"}},
        {R"({"contains":{"type":"null"}})",
         "[1]",
         {"", "contains", "must contain an item that fits the schema under \"contains\""}},
        {R"({"items":{"type":"string"}})",
         R"(["a",2])",
         {"/1", "type", "must be a string; was a number", "/items/type"}},
        {R"({"items":[{"type":"string"}],"additionalItems":false})",
         R"(["a",2])",
         {"/1", "additionalItems", "is not allowed: there may be 1 item"}},
        {R"({"items":[{}],"additionalItems":{"type":"null"}})",
         R"(["a",2])",
         {"/1", "type", "must be null; was a number", "/additionalItems/type"}},
        {R"({"minProperties":1})", "{}", {"", "minProperties", "must have at least 1 member; has 0"}},
        {R"({"maxProperties":1})", R"({"a":1,"b":2})", {"", "maxProperties", "must have at most 1 member; has 2"}},
        {R"({"required":["amount"]})", "{}", {"/amount", "required", "is required"}},
        {R"({"patternProperties":{"^n_":{"type":"number"}}})",
         R"({"n_a":"1"})",
         {"/n_a", "type", "must be a number; was a string", "/patternProperties/^n_/type"}},
        {R"({"patternProperties":{"^n_":{}},"additionalProperties":false})",
         R"({"n_a":1,"m":1})",
         {"/m", "additionalProperties", "is not allowed"}},
        {R"({"additionalProperties":{"type":"number"}})",
         R"({"m":[]})",
         {"/m", "type", "must be a number; was an array", "/additionalProperties/type"}},
        {R"({"propertyNames":{"pattern":"^[a-z]+$"}})",
         R"({"Ab":1})",
         {"/Ab", "propertyNames", "has a name that is not allowed: must match the pattern ^[a-z]+$; was Ab"}},
        {R"({"dependencies":{"card":["address"]}})",
         R"({"card":1})",
         {"/address", "dependencies", "is required when card is present"}},
        {R"({"dependencies":{"card":{"required":["address"]}}})",
         R"({"card":1})",
         {"/address", "required", "is required", "/dependencies/card/required"}},
        {R"({"properties":{"a":false}})", R"({"a":1})", {"/a", "false", "is not allowed", "/properties/a"}},
        {R"({"not":{"type":"null"}})", "null", {"", "not", "is what the schema under \"not\" excludes"}},
        {R"({"allOf":[{},{"minimum":2}]})", "1", {"", "minimum", "must be at least 2; was 1", "/allOf/1/minimum"}},
        {R"({"anyOf":[{"type":"string"},{"required":["id"]}]})",
         "{}",
         {"", "anyOf", "fits none of 2 alternatives: must be a string; was an object; or /id is required"}},
        {R"({"oneOf":[{"type":"string"},{"minimum":2}]})",
         "1",
         {"", "oneOf", "fits none of 2 alternatives: must be a string; was a number; or must be at least 2; was 1"}},
        {R"({"oneOf":[{"type":"null"},{"minimum":2},{"maximum":5}]})",
         "3",
         {"", "oneOf", "must fit exactly one alternative; fits alternatives 2 and 3"}},
        {R"({"if":{"required":["a"]},"then":{"required":["b"]}})",
         R"({"a":1})",
         {"/b", "required", "is required", "/then/required"}},
        {R"({"if":{"required":["a"]},"else":{"required":["b"]}})",
         "{}",
         {"/b", "required", "is required", "/else/required"}},
    };
    for (const Case& each : cases) {
      CAPTURE(each.schema);
      CAPTURE(each.json);
      const Violations violations = Judged(each.schema, each.json);
      REQUIRE(violations.size() == 1);
      CHECK(violations.front().pointer == each.expected.pointer);
      CHECK(violations.front().keyword == each.expected.keyword);
      CHECK(violations.front().message == each.expected.message);
      const std::string& keyword_at = each.expected.schema_pointer;
      CHECK(violations.front().schema_pointer == (keyword_at.empty() ? "/" + each.expected.keyword : keyword_at));
    }
  }

  TEST_CASE("a pointer leads to the value, with ~ and / escaped") {
    const Violations violations = Judged(R"({"additionalProperties":{"items":{"properties":{"c~d":{"type":"null"}}}}})",
                                         R"({"a/b":[{},{"c~d":1}]})");
    CHECK(violations == Violations{{"/a~1b/1/c~0d", "type", "must be null; was a number",
                                    "/additionalProperties/items/properties/c~0d/type"}});
  }

  TEST_CASE("a schema pointer leads through references to the place where the keyword stands") {
    const auto pointers = [](std::string_view schema, std::string_view json) {
      std::vector<std::string> found;
      for (const Violation& violation : Judged(schema, json)) found.push_back(violation.schema_pointer);
      return found;
    };
    using Pointers = std::vector<std::string>;
    CHECK(pointers(R"({"items":{"$ref":"#/definitions/a~1b"},"definitions":{"a/b":{"allOf":[{},{"minimum":2}]}}})",
                   "[1]") == Pointers{"/definitions/a~1b/allOf/1/minimum"});
    CHECK(
        pointers(
            R"({"items":{"$ref":"#/definitions/a"},"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"minimum":2}}})",
            "[1]") == Pointers{"/definitions/b/minimum"});
    CHECK(pointers(R"({"properties":{"a":{"$ref":"#"}},"maxProperties":1})", R"({"a":{"b":1,"c":2}})") ==
          Pointers{"/maxProperties"});
    CHECK(pointers("false", "1") == Pointers{""});
    CHECK(pointers(R"({"properties":{"a\u0000":{"type":"null"}}})", R"({"a\u0000":1})") ==
          Pointers{"/properties/a\xEF\xBF\xBD/type"});
    CHECK(pointers(R"({"properties":{"a/properties/b":{"type":"null"},"a":{"properties":{"b":{"type":"string"}}}}})",
                   R"({"a":{"b":1},"a/properties/b":""})") ==
          Pointers{"/properties/a/properties/b/type", "/properties/a~1properties~1b/type"});
    CHECK(pointers(R"({"$ref":"http://json-schema.org/draft-07/schema#"})", R"({"minLength":-1})") ==
          Pointers{"http://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger/minimum"});
    const std::string name(100'000, 'n');
    const Violations deep = Judged(R"({"properties":{")" + name + R"(":{"properties":{"b":{"type":"null"}}}}})",
                                   "{\"" + name + R"(":{"b":1}})");
    REQUIRE(deep.size() == 1);
    CHECK(deep.front().schema_pointer.size() < 1100);
  }

  TEST_CASE("names that are missing are listed in the order of the schema, each once") {
    std::vector<std::string> names;
    for (const Violation& violation : Judged(R"({"required":["z","a","z","m"]})", "{}"))
      names.push_back(violation.pointer);
    CHECK(names == std::vector<std::string>{"/z", "/a", "/m"});
  }

  TEST_CASE("numbers are judged exactly, not as doubles") {
    CHECK(Accepts(R"({"multipleOf":0.01})", "19.99"));
    CHECK(Accepts(R"({"multipleOf":0.01})", "4.35"));
    CHECK_FALSE(Accepts(R"({"multipleOf":0.01})", "4.355"));
    CHECK(Accepts(R"({"multipleOf":1e-8})", "1e308"));
    CHECK_FALSE(Accepts(R"({"maximum":9007199254740992})", "9007199254740993"));
    CHECK(Accepts(R"({"maximum":18446744073709551615})", "18446744073709551615"));
    CHECK_FALSE(Accepts(R"({"maximum":18446744073709551615})", "18446744073709551616"));
    CHECK_FALSE(Accepts(R"({"maximum":9223372036854775807})", "9223372036854775808"));
    CHECK(Accepts(R"({"minimum":-9223372036854775808})", "-9223372036854775808"));
    CHECK_FALSE(Accepts(R"({"minimum":-9223372036854775808})", "-9223372036854775809"));
    CHECK(Accepts(R"({"multipleOf":1e-9223372036854775807})", "1e9223372036854775807"));
    CHECK(Accepts(R"({"multipleOf":3})", "3e999999999999999999"));
    CHECK_FALSE(Accepts(R"({"multipleOf":7e999999999999999999})", "14"));
    CHECK_FALSE(Accepts(R"({"exclusiveMaximum":0.3})", "0.3000"));
    CHECK(Accepts(R"({"exclusiveMaximum":0.3})", "0.29999999999999999999999"));
    CHECK(Accepts(R"({"enum":[100]})", "1e2"));
    CHECK_FALSE(Accepts(R"({"const":9007199254740992})", "9007199254740993"));
    CHECK_FALSE(Accepts(R"({"minimum":-0.0})", "-0.00001"));
    CHECK(Accepts(R"({"minimum":0})", "-0"));
  }

  TEST_CASE("numbers beyond a double are judged") {
    CHECK(Accepts(R"({"type":"integer","minimum":1e400})", "1e131071"));
    CHECK(Judged(R"({"maximum":5})", "1e131071") ==
          Violations{{"", "maximum", "must be at most 5; was 1e131071", "/maximum"}});
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
    CHECK(Accepts(*schema, R"({"a":1,"a":"x"})"));
    CHECK(Judged(*schema, R"({"a":"x","a":1})") ==
          Violations{{"/a", "type", "must be a string; was a number", "/properties/a/type"}});
    std::string many = R"({"a":1)";
    for (int i = 0; i < 19; ++i) many += ",\"k" + std::to_string(i) + "\":0";
    CHECK(Accepts(*schema, many + R"(,"a":"x","k7":1})"));
    CHECK(Judged(*schema, many + R"(,"a":"x","a":2})").size() == 1);
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
    CHECK(pattern.front().message.size() < 160);
    const Violations array = Judged(R"({"const":1})", "[" + Repeated("123456,", 1000) + "1]");
    CHECK(array.front().message.size() < 100);
    const Violations number = Judged(R"({"const":1})", std::string(100, '7'));
    CHECK(number.front().message == "must be 1; was " + std::string(57, '7') + "...");
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
    CHECK(Accepts(*schema, "{}"));
    CHECK(Accepts(*schema, " [1 , 2]\n"));
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

  TEST_CASE("white space in a pattern is that of ECMA 262, also within a class") {
    for (const std::string_view space : {"\\t", "\\u000b", " ", "\\u00a0", "\\u1680", "\\u2000", "\\u200a", "\\u2028",
                                         "\\u2029", "\\u202f", "\\u205f", "\\u3000", "\\ufeff"}) {
      CAPTURE(space);
      const std::string text = "\"" + std::string(space) + "\"";
      CHECK(Accepts(R"({"pattern":"^\\s$"})", text));
      CHECK(Accepts(R"({"pattern":"^[^\\S]$"})", text));
      CHECK(Accepts(R"({"pattern":"^[x\\s]$"})", text));
      CHECK_FALSE(Accepts(R"({"pattern":"\\S"})", text));
      CHECK_FALSE(Accepts(R"({"pattern":"[x\\S]"})", text));
    }
    for (const std::string_view other :
         {"\\u0000", "\\u0008", "\\u000e", "!", "\\u009f", "\\u00a1", "\\u1681", "\\u180e", "\\u200b", "\\u2027",
          "\\u202a", "\\u2060", "\\u3001", "\\ufefe", "\\uff00", "\\ud83d\\ude00"}) {
      CAPTURE(other);
      const std::string text = "\"" + std::string(other) + "\"";
      CHECK(Accepts(R"({"pattern":"^[x\\S]$"})", text));
      CHECK_FALSE(Accepts(R"({"pattern":"[x\\s]"})", text));
      CHECK_FALSE(Accepts(R"({"pattern":"[^\\S]"})", text));
    }
  }
}
