#include "Api/Routes/VerdictRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"

#include <utility>
#include <vector>

namespace volcanion::api {
namespace {

using application::PastVerdict;
using domain::Result;

void WriteVerdict(JsonText& json, const PastVerdict& verdict) {
  json.BeginObject();
  json.Name("isValid").Boolean(verdict.is_valid);
  json.Name("schemaVersion");
  verdict.schema_version ? json.Integer(*verdict.schema_version) : json.Null();
  json.Name("verdict").Text(domain::ToString(domain::StoredOutcome(verdict.is_valid, verdict.is_unjudged)));
  json.Name("validationErrors").Raw(verdict.validation_errors);
  json.Name("judgedAt").Text(domain::FormatRfc3339(verdict.judged_at));
  json.Name("jobId");
  verdict.job ? json.Text(verdict.job->ToString()) : json.Null();
  json.EndObject();
}

Result<Response> ListVerdicts(const VerdictHandlers& handlers, const Call& call) {
  const auto id = PathId<domain::TrackingEventId>(call, "event in the read model");
  if (!id) return id.error();
  const auto found = handlers.reader.Get(call.owner, *id);
  if (!found) return found.error();
  if (!found->event) return domain::Error{domain::ErrorKind::kNotFound, "There is no such event in the read model."};
  auto verdicts = handlers.history.Of(call.owner, *id);
  if (!verdicts) return std::move(verdicts).error();
  if (verdicts->empty()) {  // the first one stands
    const auto& event = *found->event;
    verdicts->push_back({event.is_valid, event.is_unjudged, event.schema_version, event.validation_errors,
                         event.created_at, std::nullopt});
  }
  JsonText json;
  json.BeginObject();
  json.Name("items").BeginArray();
  for (const auto& verdict : *verdicts) WriteVerdict(json, verdict);
  json.EndArray();
  json.EndObject();
  return MakeJson(200, json.Take());
}

}  // namespace

void AddVerdictRoutes(GuardedRoutes& routes, const VerdictHandlers& handlers) {
  routes.Add("GET", "/api/events/{trackingEventId}/verdicts",
             Access::Member(Access::Owner::kEvent, domain::Scope::kEventsRead),
             [handlers](const Call& call) { return ListVerdicts(handlers, call); });
}

}  // namespace volcanion::api
