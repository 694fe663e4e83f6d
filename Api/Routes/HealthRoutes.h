#pragma once

#include "Api/BlockingPool.h"
#include "Api/Router.h"
#include "Application/Ports/Metrics.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::api {

/// How one thing is that must be well before the process should get traffic.
struct Health {
  std::string problem = {};                                       ///< for the operator; empty when all is well
  std::vector<std::pair<std::string, std::string>> details = {};  ///< what it was judged by
};

struct HealthCheck {
  std::string name;               ///< camelCase
  std::function<Health()> check;  ///< may wait for a database, not for long
};

/// GET /health/live, /health/ready and /metrics, for the admin listener. The arguments outlive the router.
void AddHealthRoutes(Router& router, BlockingPool& blocking, std::vector<HealthCheck> checks,
                     const application::Metrics& metrics);

}  // namespace volcanion::api
