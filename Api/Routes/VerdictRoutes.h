#pragma once

#include "Api/Middleware/AdminRoutes.h"
#include "Application/Ports/EventReader.h"
#include "Application/Ports/VerdictHistory.h"

namespace volcanion::api {

struct VerdictHandlers {
  application::EventReader& reader;
  application::VerdictHistory& history;
};

/// GET /api/events/{trackingEventId}/verdicts, for administrators. The handlers outlive the router.
void AddVerdictRoutes(AdminRoutes& routes, const VerdictHandlers& handlers);

}  // namespace volcanion::api
