#include "Api/Json/JobJson.h"

#include <algorithm>
#include <string>
#include <vector>

namespace volcanion::api {
namespace {

using application::Job;
using application::JobKind;
using application::JobState;
using application::JudgingReport;
using application::JudgingRequest;
using application::VerdictTally;
using application::ViolationKind;

std::string_view NameOf(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "queued";
    case JobState::kRunning:
      return "running";
    case JobState::kSucceeded:
      return "succeeded";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "";
}

void WriteTime(JsonText& json, std::string_view name, const std::optional<domain::Timestamp>& time) {
  json.Name(name);
  time ? json.Text(domain::FormatRfc3339(*time)) : json.Null();
}

void WriteInteger(JsonText& json, std::string_view name, const std::optional<std::int64_t>& number) {
  json.Name(name);
  number ? json.Integer(*number) : json.Null();
}

void WriteRequest(JsonText& json, const Job& job) {
  const auto& request = job.request;
  json.Name("eventName").Text(request.event_name);
  WriteInteger(json, "version", request.version == 0 ? std::nullopt : std::optional<std::int64_t>(request.version));
  json.Name("structureOf");
  request.structure_of ? json.Text(request.structure_of->ToString()) : json.Null();
  json.Name("partnerSystemId");
  request.system ? json.Text(request.system->ToString()) : json.Null();
  WriteTime(json, "from", request.from);
  WriteTime(json, "to", request.to);
  if (job.kind == JobKind::kImpact) return WriteInteger(json, "sample", request.sample);
  json.Name("verdict").Text(request.invalid_only ? "invalid" : "all");
  json.Name("apply").Boolean(request.apply);
}

void WriteTally(JsonText& json, const VerdictTally& tally) {
  json.Name("events").Integer(tally.events());
  json.Name("turnedInvalid").Integer(tally.turned_invalid);
  json.Name("turnedValid").Integer(tally.turned_valid);
  json.Name("stayedValid").Integer(tally.stayed_valid);
  json.Name("stayedInvalid").Integer(tally.stayed_invalid);
}

void WriteKind(JsonText& json, const ViolationKind& kind) {
  json.BeginObject();
  json.Name("pointer").Text(kind.pointer);
  json.Name("keyword").Text(kind.keyword);
  json.Name("count").Integer(kind.events);
  json.Name("examples").BeginArray();
  for (const auto& example : kind.examples) {
    json.BeginObject();
    json.Name("trackingEventId").Text(example.event.ToString());
    json.Name("message").Text(example.message);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

void WriteReport(JsonText& json, const JudgingReport& report) {
  json.BeginObject();
  json.Name("sampling").Text(report.sampled ? "newest" : "all");
  json.Name("position");
  report.as_of ? json.Text(std::to_string(report.as_of->position)) : json.Null();
  WriteTally(json, report.tally);
  json.Name("violating").Integer(report.violating);
  json.Name("unjudged").Integer(report.unjudged);
  auto kinds = report.kinds;
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const ViolationKind& a, const ViolationKind& b) { return a.events > b.events; });
  json.Name("violations").BeginArray();
  for (const auto& kind : kinds) WriteKind(json, kind);
  json.EndArray();
  json.Name("otherViolations").Integer(report.events_beyond);
  json.Name("systems").BeginArray();
  for (const auto& system : report.systems) {
    json.BeginObject();
    json.Name("partnerSystemId").Text(system.system.ToString());
    json.Name("partnerSystemName").Text(system.name);
    WriteTally(json, system.tally);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

}  // namespace

void WriteJob(JsonText& json, const Job& job) {
  json.BeginObject();
  json.Name("jobId").Text(job.id.ToString());
  json.Name("partnerId").Text(job.partner.ToString());
  json.Name("kind").Text(job.kind == JobKind::kImpact ? "impact" : "judge-again");
  json.Name("state").Text(NameOf(job.state));
  json.Name("cancelRequested").Boolean(job.cancel_requested);
  json.Name("request").BeginObject();
  WriteRequest(json, job);
  json.EndObject();
  json.Name("progress").BeginObject();
  json.Name("done").Integer(job.done);
  WriteInteger(json, "total", job.total);
  json.EndObject();
  json.Name("verdictsChanged").Integer(job.verdicts_changed);
  json.Name("error");
  WriteOptional(json, job.error);
  json.Name("createdBy").Text(job.created_by);
  json.Name("createdAt").Text(domain::FormatRfc3339(job.created_at));
  WriteTime(json, "startedAt", job.started_at);
  WriteTime(json, "finishedAt", job.finished_at);
  json.Name("result");
  job.report ? WriteReport(json, *job.report) : void(json.Null());
  json.EndObject();
}

}  // namespace volcanion::api
