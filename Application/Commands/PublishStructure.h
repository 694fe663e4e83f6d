#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/ManagementStore.h"
#include "Application/Ports/SchemaCompiler.h"
#include "Application/Ports/Secrets.h"
#include "Domain/EventStructure.h"
#include "Domain/Result.h"

#include <string>

namespace volcanion::application {

struct PublishStructure {
  domain::PartnerId partner;
  std::string event_name;
  std::string schema;  ///< the JSON text, kept as given
  domain::StructureState state = domain::StructureState::kDraft;
};

struct PublishedStructure {
  domain::EventStructure structure;
  int version = 0;
};

/// Adds a new version of a partner's event structure. kInvalid for a name that breaks the rules or a schema that cannot
/// judge (one fault per reason, below /schema), kNotFound without the partner.
class PublishStructureHandler {
 public:
  PublishStructureHandler(ManagementStore& store, DirectoryCache& directory, const SchemaCompiler& compiler,
                          const Clock& clock, const Secrets& secrets)
      : store_(store), directory_(directory), compiler_(compiler), clock_(clock), secrets_(secrets) {}

  domain::Result<PublishedStructure> Handle(PublishStructure command);

 private:
  ManagementStore& store_;
  DirectoryCache& directory_;
  const SchemaCompiler& compiler_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
