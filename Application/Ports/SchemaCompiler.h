#pragma once

#include "Domain/Result.h"
#include "Domain/Violation.h"

#include <memory>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// One version of an event structure, ready to judge. Immutable; safe to use from any number of threads at once.
class CompiledSchema {
 public:
  virtual ~CompiledSchema() = default;

  /// The violations of `json`, in document order; empty when it is valid. `json` is a complete JSON value in UTF-8
  /// that the edge has accepted: any valid JSON is judged, numbers beyond a double's range, duplicate keys (the last
  /// one counts, as in PostgreSQL), \u0000 and lone surrogates included. Never throws; a document that cannot be judged
  /// has one violation with the keyword "unjudged".
  virtual std::vector<domain::Violation> Judge(std::string_view json) const = 0;
};

/// Turns the text of a JSON Schema into something that judges. Thread-safe.
class SchemaCompiler {
 public:
  virtual ~SchemaCompiler() = default;

  /// kInvalid with one fault per reason when `schema` is not a JSON Schema that can be judged by.
  virtual domain::Result<std::shared_ptr<const CompiledSchema>> Compile(std::string_view schema) const = 0;
};

}  // namespace volcanion::application
