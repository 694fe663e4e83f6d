#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"
#include "tests/bench/validator/Contender.h"

#include <memory>
#include <stdexcept>

namespace volcanion::bench {

JudgeText MakeOurs(std::string_view schema) {
  auto compiled = infrastructure::ValijsonSchemaCompiler().Compile(schema);
  if (!compiled) throw std::runtime_error(compiled.error().message);
  return [judge = *std::move(compiled)](std::string_view json) { return judge->Judge(json).is_valid(); };
}

}  // namespace volcanion::bench
