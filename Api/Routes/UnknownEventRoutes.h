#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Api/Middleware/ReadingRoutes.h"
#include "Application/Queries/FindUnknownEvents.h"
#include "Application/Queries/SuggestSchema.h"

namespace volcanion::api {

/// GET /api/partners/{id}/unknown-events and .../unknown-events/{eventName}/suggestion. The arguments but
/// `routes` and `readings` outlive the router.
void AddUnknownEventRoutes(GuardedRoutes& routes, ReadingRoutes& readings, application::FindUnknownEventsHandler& find,
                           application::SuggestSchemaHandler& suggest);

}  // namespace volcanion::api
