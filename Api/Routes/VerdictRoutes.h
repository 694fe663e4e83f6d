#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Ports/EventReader.h"
#include "Application/Ports/VerdictHistory.h"

namespace volcanion::api {

struct VerdictHandlers {
  application::EventReader& reader;
  application::VerdictHistory& history;
};

/// GET /api/events/{trackingEventId}/verdicts. The handlers outlive the router.
void AddVerdictRoutes(GuardedRoutes& routes, const VerdictHandlers& handlers);

}  // namespace volcanion::api
