#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Router.h"
#include "Application/Commands/JudgeAgain.h"
#include "Application/Commands/MeasureImpact.h"
#include "Application/Ports/Jobs.h"

namespace volcanion::api {

/// POST .../structures/{eventName}/versions/{version}/impact and .../judge-again, GET /api/partners/{id}/jobs, GET and
/// DELETE
/// .../jobs/{jobId}, for administrators. The arguments outlive the router.
void AddJobRoutes(Router& router, Authentication& authentication, BlockingPool& blocking,
                  application::MeasureImpactHandler& measure_impact, application::JudgeAgainHandler& judge_again,
                  application::JobStore& jobs);

}  // namespace volcanion::api
