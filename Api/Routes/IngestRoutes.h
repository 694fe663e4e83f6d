#pragma once

#include "Api/Json/EventDecoder.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Middleware/RateLimiter.h"
#include "Api/Router.h"
#include "Application/Commands/IngestEvents.h"

namespace volcanion::api {

/// POST /api/events/ingest and /api/events/ingest/batch. The arguments outlive the router.
void AddIngestRoutes(Router& router, Authentication& authentication, application::IngestEventsHandler& handler,
                     RateLimiter& rate_limiter, const EventLimits& limits);

}  // namespace volcanion::api
