#pragma once

#include "Application/Ports/SchemaCompiler.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace volcanion::infrastructure {

/// What judging one document may take. What a step is, see Effort.
struct JudgingLimits {
  std::uint64_t steps = 500'000;                                  ///< enough for any schema that people write
  std::uint64_t steps_per_byte = 8;                               ///< more, of the document
  std::chrono::nanoseconds time = std::chrono::milliseconds(10);  ///< processor time
};

/// Compiles JSON Schemas of drafts 4, 6 and 7 (7 where `$schema` is absent). valijson loads the schema; what it loaded
/// is judged by our own visitor. Stateless; safe to use from any number of threads.
///
/// A schema is refused, with a pointer to each fault, when it is larger than 1 MiB or nested deeper than 100 levels,
/// when it is of another draft, when a keyword has a value it cannot have, when a `$ref` leads out of the schema
/// (nothing is ever fetched), and when a pattern is one that cannot be matched in linear time.
///
/// A document stays unjudged when it is not JSON, is nested deeper than 128 levels, or when judging it takes more steps
/// or time than the limits allow.
class ValijsonSchemaCompiler final : public application::SchemaCompiler {
 public:
  explicit ValijsonSchemaCompiler(const JudgingLimits& limits = {}) : limits_(limits) {}

  domain::Result<std::shared_ptr<const application::CompiledSchema>> Compile(std::string_view schema) const override;

 private:
  const JudgingLimits limits_;
};

}  // namespace volcanion::infrastructure
