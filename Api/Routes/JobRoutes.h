#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/JudgeAgain.h"
#include "Application/Commands/MeasureImpact.h"
#include "Application/Commands/TrySchema.h"
#include "Application/Ports/Jobs.h"

namespace volcanion::api {

struct JobHandlers {
  application::MeasureImpactHandler& measure_impact;
  application::TrySchemaHandler& try_schema;
  application::JudgeAgainHandler& judge_again;
  application::JobStore& jobs;
};

/// POST .../structures/{eventName}/versions/{version}/impact and .../judge-again, POST .../structures/impact, GET
/// /api/partners/{id}/jobs, GET and DELETE .../jobs/{jobId}. What compiles a schema may take a second of processor
/// time. The handlers outlive the router.
void AddJobRoutes(GuardedRoutes& routes, GuardedRoutes& compiling, const JobHandlers& handlers);

}  // namespace volcanion::api
