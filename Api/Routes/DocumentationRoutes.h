#pragma once

#include "Api/Router.h"

namespace volcanion::api {

/// GET /api/openapi.json, and /api/docs with its style and script: a page that reads the former, and nothing from
/// elsewhere. For everybody.
void AddDocumentationRoutes(Router& router);

}  // namespace volcanion::api
