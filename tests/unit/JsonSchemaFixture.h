#pragma once

#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What the tests of JSON Schema share: schemas, and what the compiler and the validator say.
namespace volcanion::test::json_schema {

using volcanion::application::CompiledSchema;
using volcanion::domain::ErrorKind;
using volcanion::domain::Fault;
using volcanion::domain::Violation;
using volcanion::infrastructure::ValijsonSchemaCompiler;

using Violations = std::vector<Violation>;

inline constexpr std::string_view kDraft4 = R"("$schema":"http://json-schema.org/draft-04/schema#")";

/// A schema that has to be accepted.
inline std::shared_ptr<const CompiledSchema> Compiled(std::string_view schema) {
  auto compiled = ValijsonSchemaCompiler().Compile(schema);
  INFO(schema.substr(0, 200));
  if (!compiled) {
    for (const Fault& fault : compiled.error().faults) MESSAGE(fault.pointer << " " << fault.message);
  }
  REQUIRE(compiled.ok());
  return *compiled;
}

/// What is wrong with a schema that has to be refused.
inline std::vector<Fault> Faults(std::string_view schema) {
  auto compiled = ValijsonSchemaCompiler().Compile(schema);
  INFO(schema.substr(0, 200));
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.error().kind == ErrorKind::kInvalid);
  REQUIRE_FALSE(compiled.error().faults.empty());
  return compiled.error().faults;
}

inline Violations Judged(std::string_view schema, std::string_view json) { return Compiled(schema)->Judge(json); }

inline bool Accepts(std::string_view schema, std::string_view json) { return Judged(schema, json).empty(); }

/// Whether the one thing said about a document is that it was not judged.
inline bool IsUnjudged(const Violations& violations) {
  return violations.size() == 1 && violations.front().keyword == "unjudged" && violations.front().pointer.empty() &&
         !violations.front().message.empty();
}

inline std::string Repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

/// A draft 4 schema with these members.
inline std::string Draft4(std::string_view members) {
  return "{" + std::string(kDraft4) + (members.empty() ? "" : ",") + std::string(members) + "}";
}

/// An ordinary schema.
inline constexpr std::string_view kPurchase = R"({
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

}  // namespace volcanion::test::json_schema
