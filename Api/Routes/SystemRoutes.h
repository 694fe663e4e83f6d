#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/ChangePartnerSystem.h"
#include "Application/Commands/IssueApiKey.h"
#include "Application/Commands/RegisterPartnerSystem.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct SystemHandlers {
  application::RegisterPartnerSystemHandler& register_system;
  application::ChangePartnerSystemHandler& change;
  application::IssueApiKeyHandler& issue_key;
};

/// POST /api/partners/{id}/systems, PATCH /api/systems/{id}, POST /api/systems/{id}/keys.
void AddSystemRoutes(GuardedRoutes& routes, const SystemHandlers& handlers);

}  // namespace volcanion::api
