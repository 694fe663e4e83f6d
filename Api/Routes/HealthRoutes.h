#pragma once

#include "Api/BlockingPool.h"
#include "Api/Router.h"
#include "Application/Ports/Metrics.h"
#include "Domain/Result.h"

#include <functional>
#include <string>
#include <vector>

namespace volcanion::api {

/// One thing that must be well before the process should get traffic. `check` may wait for a database, not for long;
/// the message of its error is shown to the operator.
struct HealthCheck {
  std::string name;  ///< camelCase
  std::function<domain::Result<domain::Done>()> check;
};

/// GET /health/live, /health/ready and /metrics, for the admin listener. The arguments outlive the router.
void AddHealthRoutes(Router& router, BlockingPool& blocking, std::vector<HealthCheck> checks,
                     const application::Metrics& metrics);

}  // namespace volcanion::api
