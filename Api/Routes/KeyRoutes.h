#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/IssueApiKey.h"
#include "Application/Commands/RevokeApiKey.h"
#include "Application/Commands/RotateApiKey.h"
#include "Application/Ports/Clock.h"
#include "Application/Queries/FindApiKeys.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct KeyHandlers {
  application::IssueApiKeyHandler& issue;
  application::RotateApiKeyHandler& rotate;
  application::RevokeApiKeyHandler& revoke;
  application::FindApiKeysHandler& find;
  const application::Clock& clock;
};

/// POST and GET /api/systems/{id}/keys, DELETE .../keys/{keyId}, POST .../keys/{keyId}/rotate.
void AddKeyRoutes(GuardedRoutes& routes, const KeyHandlers& handlers);

}  // namespace volcanion::api
