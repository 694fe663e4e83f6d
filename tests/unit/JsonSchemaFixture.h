#pragma once

#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"

#include <doctest/doctest.h>

#include <chrono>
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
using volcanion::domain::Verdict;
using volcanion::domain::Violation;
using volcanion::infrastructure::ValijsonSchemaCompiler;

using Violations = std::vector<Violation>;

inline constexpr std::string_view kDraft4 = R"("$schema":"http://json-schema.org/draft-04/schema#")";

/// A schema that has to be accepted.
inline std::shared_ptr<const CompiledSchema> Compiled(std::string_view schema) {
  // Sanitizers are slow: time is for the cases that are about it.
  auto compiled = ValijsonSchemaCompiler({.time = std::chrono::seconds(10)}).Compile(schema);
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

/// The violations of a document that is judged: none when it is valid, some when it is not.
inline Violations Judged(const CompiledSchema& schema, std::string_view json) {
  const Verdict verdict = schema.Judge(json);
  CHECK(verdict.outcome == (verdict.violations.empty() ? Verdict::Outcome::kValid : Verdict::Outcome::kInvalid));
  return verdict.violations;
}

inline Violations Judged(std::string_view schema, std::string_view json) { return Judged(*Compiled(schema), json); }

inline Verdict VerdictOf(std::string_view schema, std::string_view json) { return Compiled(schema)->Judge(json); }

inline bool Accepts(const CompiledSchema& schema, std::string_view json) { return Judged(schema, json).empty(); }

inline bool Accepts(std::string_view schema, std::string_view json) { return Judged(schema, json).empty(); }

/// Whether a document was not judged, and that is all that is said about it.
inline bool IsUnjudged(const Verdict& verdict) {
  return verdict.outcome == Verdict::Outcome::kUnjudged && !verdict.is_valid() && verdict.violations.size() == 1 &&
         verdict.violations.front().keyword == "unjudged" && verdict.violations.front().pointer.empty() &&
         !verdict.violations.front().message.empty();
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
