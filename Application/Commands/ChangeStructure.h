#pragma once

#include "Application/Commands/StructureActivation.h"
#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/SchemaComparer.h"
#include "Application/Ports/SchemaCompiler.h"
#include "Application/Ports/Secrets.h"
#include "Application/Ports/StructureStore.h"
#include "Domain/EventStructure.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Replaces a draft's schema, takes a version on to another state, or both in one step.
struct ChangeStructure {
  domain::StructureIdentity identity;
  int version = 0;
  std::optional<std::string> schema = {};
  std::optional<domain::StructureState> state = {};
  std::optional<Override> override = {};
  std::optional<std::vector<int>> expected_revisions = {};  ///< it must be at one of them
  Author author = {};
};

struct ChangedStructure {
  domain::EventStructure structure;
  std::vector<domain::Fault> incompatible_changes;  ///< that were overridden
};

/// A state that it has already is no change. kNotFound without the version; kConflict for what its state forbids
/// (Domain/EventStructure.h) and, when another version or none judges from then on, as in StructureActivation.h;
/// kChangedMeanwhile at another revision; kInvalid for a schema that cannot judge, or when nothing is to be changed.
class ChangeStructureHandler {
 public:
  ChangeStructureHandler(StructureStore& store, DirectoryCache& directory, const SchemaCompiler& compiler,
                         const SchemaComparer& comparer, const Clock& clock, const Secrets& secrets)
      : store_(store),
        directory_(directory),
        compiler_(compiler),
        comparer_(comparer),
        clock_(clock),
        secrets_(secrets) {}

  domain::Result<ChangedStructure> Handle(ChangeStructure command);

 private:
  domain::Result<std::vector<domain::Fault>> CheckRetirement(StructureVersions& versions,
                                                             const domain::EventStructure& retired,
                                                             const std::optional<Override>& override) const;
  domain::Result<ChangedStructure> ChangeWithin(StructureVersions& versions, const ChangeStructure& command) const;

  StructureStore& store_;
  DirectoryCache& directory_;
  const SchemaCompiler& compiler_;
  const SchemaComparer& comparer_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
