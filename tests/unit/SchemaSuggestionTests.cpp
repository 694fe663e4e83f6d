#include "Infrastructure/JsonSchema/SchemaSuggestion.h"
#include "tests/unit/JsonSchemaFixture.h"
#include "tests/unit/RandomSchemas.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace volcanion::test::json_schema;
using volcanion::application::SchemaSample;
using volcanion::infrastructure::SchemaSuggestion;

std::unique_ptr<SchemaSample> SampleOf(const std::vector<std::string>& documents) {
  auto sample = SchemaSuggestion().Begin();
  for (const std::string& document : documents) sample->Add(document);
  return sample;
}

/// What is suggested, without what is always there, in one line.
std::string Suggested(const std::vector<std::string>& documents) {
  std::string text = SampleOf(documents)->Suggest();
  const std::string head = "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\"";
  REQUIRE(text.starts_with(head));
  std::string line = "{";
  for (std::size_t i = head.size(); i < text.size(); ++i) {
    if (text[i] != '\n') {
      line += text[i];
      continue;
    }
    while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
  }
  return line.starts_with("{,") ? "{" + line.substr(2) : line;
}

/// The suggestion has to be a schema, and every document has to fit it.
void CheckFits(const std::vector<std::string>& documents) {
  const std::string schema = SampleOf(documents)->Suggest();
  const auto compiled = Compiled(schema);
  for (const std::string& document : documents) {
    INFO(schema.substr(0, 2000) << "\n" << document.substr(0, 2000));
    REQUIRE(IsValid(*compiled, document));
  }
}

/// With so many names, some of them long, that every limit is reached.
std::string WideDocument(std::mt19937& random, int depth) {
  if (depth == 0 || random() % 4 == 0) return RandomDocument(random, 2);
  std::string text;
  const bool array = random() % 5 == 0;
  for (std::size_t left = random() % 6; left > 0; --left) {
    const std::string name = (random() % 50 == 0 ? std::string(150, 'n') : "n") + std::to_string(random() % 130);
    text += (text.empty() ? "" : ",") + (array ? "" : "\"" + name + "\":") + WideDocument(random, depth - 1);
  }
  return (array ? "[" : "{") + text + (array ? "]" : "}");
}

/// So many members with that value, their names with a number behind the prefix.
std::string Object(std::size_t count, const std::string& prefix, const std::string& value) {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "\"" : ",\"") + prefix + std::to_string(i) + "\":" + value;
  }
  return text + "}";
}

std::vector<std::string> Times(std::size_t times, const std::vector<std::string>& documents) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), documents.begin(), documents.end());
  return all;
}

}  // namespace

TEST_SUITE("SchemaSuggestion") {
  TEST_CASE("a schema is indented, and its members are in the order in which they came") {
    CHECK(SampleOf({R"({"name":"a","amount":1,"tags":["x"],"address":{"city":"Bern","zip":null}})",
                    R"({"amount":2.5,"name":"b","tags":[],"address":{"city":"Basel"},"vip":true})"})
              ->Suggest() == R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": {
    "name": {
      "type": "string"
    },
    "amount": {
      "type": "number"
    },
    "tags": {
      "type": "array",
      "items": {
        "type": "string"
      }
    },
    "address": {
      "type": "object",
      "properties": {
        "city": {
          "type": "string"
        },
        "zip": {
          "type": "null"
        }
      },
      "required": ["city"]
    },
    "vip": {
      "type": "boolean"
    }
  },
  "required": ["name", "amount", "tags", "address"]
}
)");
  }

  TEST_CASE("types are as narrow as the samples") {
    CHECK(Suggested({}) == "{}");
    CHECK(Suggested({"1", "2"}) == R"({"type": "integer"})");
    CHECK(Suggested({"1", "1.0"}) == R"({"type": "number"})");
    CHECK(Suggested({"99999999999999999999999"}) == R"({"type": "integer"})");
    CHECK(Suggested({"null", "true"}) == R"({"type": ["boolean", "null"]})");
    CHECK(Suggested({"{}", "[]", "\"\"", "0", "null"}) ==
          R"({"type": ["object", "array", "string", "integer", "null"]})");
    CHECK(Suggested({"[[1],[null,{}]]"}) ==
          R"({"type": "array","items": {"type": "array","items": {"type": ["object", "integer", "null"]}}})");
  }

  TEST_CASE("few strings over many samples are an enum, the most frequent first") {
    const std::vector<std::string> sizes = {R"("Small")", R"("Large")", R"("Small")", R"("XL")"};
    CHECK(Suggested(Times(5, sizes)) == R"({"type": "string","enum": ["Small", "Large", "XL"]})");
    CHECK(Suggested(Times(4, sizes)) == R"({"type": "string"})");
    std::vector<std::string> nullable = Times(5, sizes);
    nullable.emplace_back("null");
    CHECK(Suggested(nullable) == R"({"type": ["string", "null"],"enum": ["Small", "Large", "XL", null]})");
    nullable.emplace_back("7");
    CHECK(Suggested(nullable) == R"({"type": ["string", "integer", "null"]})");
    // One value alone says nothing about others; too many are no list; long ones are no names.
    CHECK(Suggested(Times(100, {R"("EUR")"})) == R"({"type": "string"})");
    std::vector<std::string> eleven;
    for (int i = 0; i < 11; ++i) eleven.push_back("\"v" + std::to_string(i) + "\"");
    CHECK(Suggested(Times(100, eleven)) == R"({"type": "string"})");
    eleven.pop_back();
    CHECK(Suggested(Times(3, eleven)) == R"({"type": "string"})");
    CHECK(Suggested(Times(4, eleven)).starts_with(R"({"type": "string","enum": ["v0", "v1",)"));
    CHECK(Suggested(Times(20, {R"("a")", "\"" + std::string(101, 'b') + "\""})) == R"({"type": "string"})");
  }

  TEST_CASE("a format is suggested where all strings have it") {
    CHECK(Suggested({R"("2026-11-20T10:00:00Z")", R"("1999-01-01T00:00:00.5+01:00")"}) ==
          R"({"type": "string","format": "date-time"})");
    CHECK(Suggested({R"("2026-11-20")", "null"}) == R"({"type": ["string", "null"],"format": "date"})");
    CHECK(Suggested({R"("ann@example.com")"}) == R"({"type": "string","format": "email"})");
    CHECK(Suggested({R"("https://example.com/a?b")"}) == R"({"type": "string","format": "uri"})");
    CHECK(Suggested({R"("018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f")"}) == R"({"type": "string","format": "uuid"})");
    CHECK(Suggested({R"("192.0.2.1")"}) == R"({"type": "string","format": "ipv4"})");
    CHECK(Suggested({R"("2001:db8::1")"}) == R"({"type": "string","format": "ipv6"})");
    // A format is more than a list of the values that were there.
    CHECK(Suggested(Times(50, {R"("2026-11-20")", R"("2026-11-21")"})) == R"({"type": "string","format": "date"})");
    CHECK(Suggested({R"("2026-11-20")", R"("")"}) == R"({"type": "string"})");
    CHECK(Suggested({R"("size:large")"}) == R"({"type": "string"})");
    CHECK(Suggested({R"("192.0.2.1")", R"("2001:db8::1")"}) == R"({"type": "string"})");
  }

  TEST_CASE("an object with very many names is a map") {
    std::vector<std::string> documents;
    for (int i = 0; i < 101; ++i) {
      documents.push_back(R"({"prices":{"sku)" + std::to_string(i) + R"(":{"net":)" + std::to_string(i) + "}}}");
    }
    const std::vector<std::string> few(documents.begin(), documents.end() - 1);
    CHECK(Suggested(few).find("sku99") != std::string::npos);
    CHECK(Suggested(documents) ==
          R"({"type": "object","properties": {"prices": {"type": "object","additionalProperties": {"type": "object",)"
          R"("properties": {"net": {"type": "integer"}},"required": ["net"]}}},"required": ["prices"]})");
    documents.emplace_back(R"({"prices":{"sku7":{"net":1.5},"sku8":{"gross":2}}})");
    CHECK(Suggested(documents).find(R"("properties": {"net": {"type": "number"},"gross": {"type": "integer"}}}}})") !=
          std::string::npos);
    CheckFits(documents);
  }

  TEST_CASE("what is no JSON is left out, and the same samples give the same text") {
    const auto sample = SampleOf({"{", "1", "", "[1,]", R"({"a":1})", Repeated("[", 129) + Repeated("]", 129)});
    CHECK(sample->count() == 2);
    CHECK(sample->Suggest() == SampleOf({"1", R"({"a":1})"})->Suggest());
  }

  TEST_CASE("a suggestion compiles, and every sample fits it") {
    std::mt19937 random(20261120);
    for (int i = 0; i < 300; ++i) {
      std::vector<std::string> documents;
      for (std::size_t left = 1 + random() % 60; left > 0; --left) documents.push_back(RandomDocument(random, 5));
      CheckFits(documents);
    }
    for (int i = 0; i < 20; ++i) {
      std::vector<std::string> documents;
      const int depth = 2 + i % 4;
      for (int left = 100 + 50 * i; left > 0; --left) documents.push_back(WideDocument(random, depth));
      CheckFits(documents);
    }
    CheckFits({R"({"a\u0000b":1,"\ud800":2,"\"\\/\n":{"é😀":"\u0000"},"a":1,"a":"x"})", R"({"a\u0000b":null})"});
    CheckFits({"1e400", "-0.0", "12345678901234567890.5"});
    CheckFits(Times(10, {R"("\u0000")", R"("\ud800")", R"("\"\\")"}));
  }

  TEST_CASE("samples may be as large, deep and many as they like") {
    std::vector<std::string> documents = {
        Repeated("[", 100) + Repeated("]", 100),
        Repeated("{\"a\":", 100) + "1" + Repeated("}", 100),
        R"({")" + std::string(100'000, 'n') + R"(":1,"s":")" + std::string(100'000, 's') + "\"}",
    };
    // Objects of objects, each with as many names as are kept, and control characters that grow when they are written.
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
      std::string text = "1";
      for (int depth = 0; depth < 20; ++depth) {
        const std::string name = Repeated("\\u0001", 90) + std::to_string(random() % 90);
        text = "{\"" + name + "\":" + text + ",\"s" + std::to_string(random() % 90) + R"(":"\u0002\u0003)" +
               std::to_string(random() % 4) + "\"}";
      }
      documents.push_back(text);
    }
    CheckFits(documents);

    // Lists of values that would make the schema larger than the compiler takes.
    documents.clear();
    for (int i = 0; i < 40; ++i) {
      const std::string value = "\"" + Repeated("\\u0001", 95) + std::to_string(i % 10) + "\"";
      documents.push_back(Object(20, "n", Object(20, "n", value)));
    }
    CheckFits(documents);
    CHECK(SampleOf(documents)->Suggest().size() < 200 * 1024);
  }

  TEST_CASE("what is left out for a limit is not spoken for by the rest") {
    const std::string long_name(101, 'n');
    // A map, and in it another one, of which one entry has no place.
    CheckFits({R"({"a":{)" + Object(60, "n", "1").substr(1) + R"(,"b":{")" + long_name + R"(":"text",)" +
               Object(60, "m", "1").substr(1) + "," + Object(99, "k", "{}").substr(1)});
    // The last place that there is for a shape makes a map, and is missing for the elements of an array.
    const std::string entries = Object(99, "k", "1");
    CheckFits({R"({"a":)" + Object(48, "p", Object(101, "q", "1")) + R"(,"m":{"first":[1],)" +
               entries.substr(1, entries.size() - 2) + R"(,"last":["text"]}})"});
    // Few strings at one name and many at another.
    std::vector<std::string> documents;
    for (int i = 0; i < 40; ++i) {
      documents.push_back(R"({"few":")" + std::to_string(i % 2) + R"(","many":")" + std::to_string(i) + "\"}");
    }
    documents.push_back(Object(100, "k", R"("0")"));
    CheckFits(documents);
  }
}
