#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Router.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/EventReader.h"
#include "Application/Queries/FindEvents.h"

namespace volcanion::api {

/// GET /api/events/partner-system/{id} and /api/events/{trackingEventId}. The arguments outlive the router.
void AddEventRoutes(Router& router, Authentication& authentication, BlockingPool& blocking,
                    application::FindEventsHandler& find_events, application::EventReader& reader,
                    const application::Clock& clock);

}  // namespace volcanion::api
