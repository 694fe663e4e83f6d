#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/EventReader.h"
#include "Application/Queries/FindEvents.h"

namespace volcanion::api {

/// GET /api/events/partner-system/{id} and /api/events/{trackingEventId}. The arguments but `routes` outlive the
/// router.
void AddEventRoutes(GuardedRoutes& routes, application::FindEventsHandler& find_events,
                    application::EventReader& reader, const application::Clock& clock);

}  // namespace volcanion::api
