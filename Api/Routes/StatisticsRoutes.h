#pragma once

#include "Api/Middleware/ReadingRoutes.h"
#include "Application/Queries/EventStatistics.h"

namespace volcanion::api {

/// GET /api/statistics/partner-system/{id} and /api/statistics/partner/{id}, each with .../timeseries and .../numbers.
/// `statistics` outlives the router.
void AddStatisticsRoutes(ReadingRoutes& routes, application::EventStatisticsHandler& statistics);

}  // namespace volcanion::api
