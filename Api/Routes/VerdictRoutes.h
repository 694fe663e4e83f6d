#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Router.h"
#include "Application/Ports/EventReader.h"
#include "Application/Ports/VerdictHistory.h"

namespace volcanion::api {

/// GET /api/events/{trackingEventId}/verdicts, for administrators. The arguments outlive the router.
void AddVerdictRoutes(Router& router, Authentication& authentication, BlockingPool& blocking,
                      application::EventReader& reader, application::VerdictHistory& history);

}  // namespace volcanion::api
