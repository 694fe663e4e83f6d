#pragma once

#include "Api/Json/EventDecoder.h"
#include "Api/Middleware/GuardedRoutes.h"
#include "Api/Middleware/RateLimiter.h"
#include "Application/Commands/IngestEvents.h"

namespace volcanion::api {

/// POST /api/events/ingest and /api/events/ingest/batch. The arguments but `routes` outlive the router.
void AddIngestRoutes(GuardedRoutes& routes, application::IngestEventsHandler& handler, RateLimiter& rate_limiter,
                     const EventLimits& limits);

}  // namespace volcanion::api
