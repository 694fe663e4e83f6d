#pragma once

#include "Domain/Result.h"
#include "Domain/Violation.h"

#include <chrono>
#include <memory>
#include <string_view>

namespace volcanion::application {

/// The time that judging may take together, as for all events of one request: Judge() takes from it what it used. In
/// processor time of the calling thread, so that a busy machine does not change verdicts. One thread at a time.
struct JudgingBudget {
  std::chrono::nanoseconds left = std::chrono::milliseconds(50);
};

/// One version of an event structure, ready to judge. Immutable; safe to use from any number of threads at once.
class CompiledSchema {
 public:
  virtual ~CompiledSchema() = default;

  /// The verdict on `json` with its violations in document order, up to a limit; the same for the same document every
  /// time, unless the budget decides. `json` is a complete JSON value in UTF-8 that the edge has accepted: any valid
  /// JSON is judged, numbers beyond a double's range, duplicate keys (the last one counts, as in PostgreSQL), \u0000
  /// and lone surrogates included. Never throws. Unjudged when it is no such value, when judging it takes too many
  /// steps or too long, or when nothing is left of the budget.
  virtual domain::Verdict Judge(std::string_view json, JudgingBudget& budget) const = 0;

  /// The same with a budget of its own.
  domain::Verdict Judge(std::string_view json) const {
    JudgingBudget budget;
    return Judge(json, budget);
  }
};

/// Turns the text of a JSON Schema into something that judges. Thread-safe.
class SchemaCompiler {
 public:
  virtual ~SchemaCompiler() = default;

  /// kInvalid with one fault per reason when `schema` is not a JSON Schema that can be judged by.
  virtual domain::Result<std::shared_ptr<const CompiledSchema>> Compile(std::string_view schema) const = 0;
};

}  // namespace volcanion::application
