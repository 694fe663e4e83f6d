#include "Api/Routes/HealthRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/RunBlocking.h"

#include <memory>
#include <utility>

namespace volcanion::api {
namespace {

Response AnswerReadiness(const std::vector<HealthCheck>& checks) {
  bool all_well = true;
  JsonText states;
  states.BeginObject();
  for (const auto& [name, check] : checks) {
    const auto health = check();
    all_well = all_well && health.problem.empty();
    states.Name(name).BeginObject();
    states.Name("status").Text(health.problem.empty() ? "up" : "down");
    if (!health.problem.empty()) states.Name("reason").Text(health.problem);
    for (const auto& [detail, value] : health.details) states.Name(detail).Text(value);
    states.EndObject();
  }
  states.EndObject();
  JsonText json;
  json.BeginObject();
  json.Name("status").Text(all_well ? "ready" : "unavailable");
  json.Name("checks").Raw(states.Take());
  json.EndObject();
  auto response = MakeJson(all_well ? 200 : 503, json.Take());
  if (!all_well) response.headers.Add("Retry-After", "1");
  return response;
}

}  // namespace

void AddHealthRoutes(Router& router, BlockingPool& blocking, std::vector<HealthCheck> checks,
                     const application::Metrics& metrics) {
  const bool is_hot = true;  // asked every few seconds: not worth a log line each
  router.Add(
      "GET", "/health/live", Access::Anyone(),
      [](const Call& call) { call.answer.Send(MakeJson(200, R"({"status":"live"})")); }, is_hot);
  const auto shared = std::make_shared<const std::vector<HealthCheck>>(std::move(checks));
  router.Add(
      "GET", "/health/ready", Access::Anyone(),
      [shared, &blocking](Call call) {
        RunBlocking(blocking, std::move(call),
                    [shared](Call& running) { running.answer.Send(AnswerReadiness(*shared)); });
      },
      is_hot);
  router.Add(
      "GET", "/metrics", Access::Anyone(),
      [&metrics](const Call& call) {
        Response response{200, {}, metrics.Expose()};
        response.headers.Add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        call.answer.Send(std::move(response));
      },
      is_hot);
}

}  // namespace volcanion::api
