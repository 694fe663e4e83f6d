#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Middleware/ExportPlaces.h"
#include "Api/Middleware/GuardedRoutes.h"
#include "Api/Middleware/ReadingRoutes.h"
#include "Application/Queries/FindEvents.h"

namespace volcanion::api {

struct ExportServices {
  application::FindEventsHandler& find_events;  ///< its pages are what is in memory of an export
  ExportPlaces& places;
  BlockingPool& exporting;  ///< makes the pages; takes as many as there are places
  const Authentication& authentication;
  ReadingRoutes::Services readings;
};

/// GET /api/events/partner-system/{id}/export and /api/events/partner/{id}/export: all events that fit a question, as
/// NDJSON or CSV, made while they are sent. The services outlive the router.
void AddExportRoutes(GuardedRoutes& routes, const ExportServices& services);

}  // namespace volcanion::api
