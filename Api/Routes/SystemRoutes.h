#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/ChangePartnerSystem.h"
#include "Application/Commands/RegisterPartnerSystem.h"
#include "Application/Ports/ManagementStore.h"
#include "Application/Queries/FindSystems.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct SystemHandlers {
  application::RegisterPartnerSystemHandler& register_system;
  application::ChangePartnerSystemHandler& change;
  application::FindSystemsHandler& find;
  application::ManagementStore& store;
};

/// POST and GET /api/partners/{id}/systems, GET and PATCH /api/systems/{id}.
void AddSystemRoutes(GuardedRoutes& routes, const SystemHandlers& handlers);

}  // namespace volcanion::api
