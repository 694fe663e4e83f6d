#pragma once

#include "Api/Middleware/AdminRoutes.h"
#include "Application/Commands/JudgeAgain.h"
#include "Application/Commands/MeasureImpact.h"
#include "Application/Ports/Jobs.h"

namespace volcanion::api {

struct JobHandlers {
  application::MeasureImpactHandler& measure_impact;
  application::JudgeAgainHandler& judge_again;
  application::JobStore& jobs;
};

/// POST .../structures/{eventName}/versions/{version}/impact and .../judge-again, GET /api/partners/{id}/jobs, GET and
/// DELETE .../jobs/{jobId}, for administrators. The handlers outlive the router.
void AddJobRoutes(AdminRoutes& routes, const JobHandlers& handlers);

}  // namespace volcanion::api
