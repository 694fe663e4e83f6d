#include "Api/Routes/VerdictRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/RunBlocking.h"

#include <utility>
#include <vector>

namespace volcanion::api {
namespace {

using application::PastVerdict;

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

void ListVerdicts(application::EventReader& reader, application::VerdictHistory& history, const Call& call) {
  const auto id = domain::TrackingEventId::Parse(call.path_parameters[0]);
  const auto found = id ? reader.Get(*id) : domain::Result<application::EventFound>(application::EventFound{});
  if (!found) return call.answer.SendProblem(found.error());
  if (!found->event) return call.answer.SendProblem(404, "There is no such event in the read model.");
  auto verdicts = history.Of(*id);
  if (!verdicts) return call.answer.SendProblem(verdicts.error());
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
  call.answer.Send(MakeJson(200, json.Take()));
}

}  // namespace

void AddVerdictRoutes(Router& router, Authentication& authentication, BlockingPool& blocking,
                      application::EventReader& reader, application::VerdictHistory& history) {
  router.Add("GET", "/api/events/{trackingEventId}/verdicts",
             [&authentication, &blocking, &reader, &history](Call call) {
               authentication.RequireAdmin(std::move(call), [&blocking, &reader, &history](Call known) {
                 RunBlocking(blocking, std::move(known),
                             [&reader, &history](const Call& running) { ListVerdicts(reader, history, running); });
               });
             });
}

}  // namespace volcanion::api
