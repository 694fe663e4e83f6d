#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Ports/Clock.h"
#include "Application/Queries/FindUnknownEvents.h"
#include "Application/Queries/SuggestSchema.h"

namespace volcanion::api {

/// GET /api/partners/{id}/unknown-events and .../unknown-events/{eventName}/suggestion. The arguments but `routes`
/// outlive the router.
void AddUnknownEventRoutes(GuardedRoutes& routes, application::FindUnknownEventsHandler& find,
                           application::SuggestSchemaHandler& suggest, const application::Clock& clock);

}  // namespace volcanion::api
