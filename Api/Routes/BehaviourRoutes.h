#pragma once

#include "Api/Middleware/ReadingRoutes.h"
#include "Application/Queries/FindFunnel.h"
#include "Application/Queries/FindRetention.h"
#include "Application/Queries/FindSessions.h"

namespace volcanion::api {

struct BehaviourHandlers {
  application::FindFunnelHandler& funnel;
  application::FindSessionsHandler& sessions;
  application::FindRetentionHandler& retention;
};

/// GET /api/statistics/partner/{id}/funnels, .../sessions, .../sessions/list and .../retention. The handlers outlive
/// the router.
void AddBehaviourRoutes(ReadingRoutes& routes, BehaviourHandlers handlers);

}  // namespace volcanion::api
