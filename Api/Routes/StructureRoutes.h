#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/ChangeStructure.h"
#include "Application/Commands/PublishStructure.h"
#include "Application/Ports/StructureStore.h"
#include "Application/Queries/CompareStructure.h"
#include "Application/Queries/FindStructures.h"
#include "Application/Queries/ValidateDocuments.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct StructureHandlers {
  application::PublishStructureHandler& publish;
  application::ChangeStructureHandler& change;
  application::CompareStructureHandler& compare;
  application::FindStructuresHandler& find;
  application::ValidateDocumentsHandler& validate_documents;
  application::StructureStore& store;
};

/// POST and GET /api/partners/{id}/structures, POST .../structures/compatibility, GET and PATCH
/// .../structures/{eventName}/versions/{version}, and POST /api/structures/validate.
void AddStructureRoutes(GuardedRoutes& routes, const StructureHandlers& handlers);

}  // namespace volcanion::api
