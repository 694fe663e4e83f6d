#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Queries/ReadAudit.h"

namespace volcanion::api {

/// GET /api/partners/{id}/audit, as JSON or as NDJSON. `read` outlives the router.
void AddAuditRoutes(GuardedRoutes& routes, application::ReadAuditHandler& read);

}  // namespace volcanion::api
