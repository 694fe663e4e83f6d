#pragma once

#include "Api/Middleware/ReadingRoutes.h"
#include "Application/Ports/EventReader.h"
#include "Application/Queries/FindEvents.h"

namespace volcanion::api {

/// GET /api/events/partner-system/{id}, /api/events/partner/{id}, .../users/{userId}/timeline and
/// /api/events/{trackingEventId}. The arguments but
/// `routes` outlive the router.
void AddEventRoutes(ReadingRoutes& routes, application::FindEventsHandler& find_events,
                    application::EventReader& reader);

}  // namespace volcanion::api
