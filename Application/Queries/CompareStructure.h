#pragma once

#include "Application/Ports/SchemaComparer.h"
#include "Application/Ports/SchemaCompiler.h"
#include "Application/Ports/StructureStore.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// What would a schema break if it became active now? Publishes nothing.
struct CompareStructure {
  domain::StructureIdentity identity;
  std::string schema;  ///< JSON text
};

struct ComparedStructure {
  domain::Compatibility compatibility = domain::Compatibility::kBackward;  ///< what the partner demands
  std::optional<int> compared_with;   ///< the version whose place it would take; nothing when there is none
  std::vector<SchemaChange> changes;  ///< those that break it
};

class CompareStructureHandler {
 public:
  CompareStructureHandler(StructureStore& store, const SchemaCompiler& compiler, const SchemaComparer& comparer)
      : store_(store), compiler_(compiler), comparer_(comparer) {}

  /// Blocks. kInvalid when the schema itself is refused, kNotFound without the partner or a system of it.
  domain::Result<ComparedStructure> Handle(const CompareStructure& question);

 private:
  StructureStore& store_;
  const SchemaCompiler& compiler_;
  const SchemaComparer& comparer_;
};

}  // namespace volcanion::application
