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

struct PublishStructure {
  domain::StructureIdentity identity;
  std::string schema;  ///< the JSON text, kept as given
  domain::StructureState state = domain::StructureState::kDraft;
  std::optional<Override> override = {};
  Author author = {};
};

struct PublishedStructure {
  domain::EventStructure structure;
  bool is_new = true;  ///< false: the newest version of that state has this text already, and is left as it is
  std::vector<domain::Fault> incompatible_changes = {};  ///< that were overridden
};

/// Adds a new version of an event structure, and compares it with the one before when it is to be active at once
/// (CheckActivation). kInvalid for a name that breaks the rules or a schema that cannot judge (one fault per reason,
/// below /schema), kNotFound without the partner or a system of it.
class PublishStructureHandler {
 public:
  PublishStructureHandler(StructureStore& store, DirectoryCache& directory, const SchemaCompiler& compiler,
                          const SchemaComparer& comparer, const Clock& clock, const Secrets& secrets)
      : store_(store),
        directory_(directory),
        compiler_(compiler),
        comparer_(comparer),
        clock_(clock),
        secrets_(secrets) {}

  domain::Result<PublishedStructure> Handle(PublishStructure command);

 private:
  StructureStore& store_;
  DirectoryCache& directory_;
  const SchemaCompiler& compiler_;
  const SchemaComparer& comparer_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
