#include "Api/Routes/JobRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JobJson.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"
#include "Application/Queries/PageCursor.h"
#include "Application/Utf8.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::api {
namespace {

using application::Job;
using application::JobId;
using application::JobStore;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

constexpr int kMaxLimit = 1'000;
constexpr int kDefaultLimit = 100;

std::optional<int> ParseInteger(std::string_view text) {
  int number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Fills what the path of `/api/partners/{id}/structures/{eventName}/versions/{version}/...` says into a command.
template <typename Command>
Result<Command> CommandOf(const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  const auto version = ParseInteger(call.path_parameters[2]);
  if (!version || !application::IsUtf8(call.path_parameters[1])) {
    return Error{ErrorKind::kNotFound, "There is no such version of this structure."};
  }
  Command command;
  command.partner = *partner;
  command.event_name = call.path_parameters[1];
  command.version = *version;
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  command.structure_of = query->IdOf<domain::PartnerSystemId>("partnerSystemId");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  command.asked_by = AuthorOf(call);
  return command;
}

std::optional<domain::PartnerSystemId> ReadSystem(BodyReader& body) {
  const auto text = body.OptionalString("partnerSystemId");
  if (!text) return std::nullopt;
  const auto id = domain::PartnerSystemId::Parse(*text);
  if (!id) body.Note("partnerSystemId", "wrong_value", "must be the id of a partner system");
  return id;
}

domain::Timestamp ReadTime(BodyReader& body, std::string_view name) {
  const auto text = body.RequiredString(name);
  const auto time = domain::ParseRfc3339(text);
  if (!time && !text.empty()) {
    body.Note(name, "malformed_time", "must be an RFC 3339 date and time, such as 2026-11-20T10:00:00Z");
  }
  return time.value_or(domain::Timestamp());
}

Response Show(int status, const Job& job) {
  JsonText json;
  WriteJob(json, job);
  return MakeJson(status, json.Take());
}

Response Accepted(const Job& job) {
  auto response = Show(202, job);
  response.headers.Add("Location", "/api/partners/" + job.partner.ToString() + "/jobs/" + job.id.ToString());
  return response;
}

/// Which of the stored events are looked at.
void ReadRange(BodyReader& body, application::MeasureImpact& command) {
  command.days = body.OptionalInteger("days").value_or(command.days);
  if (const auto sample = body.OptionalInteger("sample")) command.sample = *sample;
}

Result<Response> MeasureImpact(application::MeasureImpactHandler& handler, const Call& call) {
  auto command = CommandOf<application::MeasureImpact>(call);
  if (!command) return command.error();
  auto body = BodyReader::Open(call.request.body.empty() ? std::string_view("{}") : call.request.body);
  if (!body) return body.error();
  ReadRange(*body, *command);
  command->system = ReadSystem(*body);
  if (auto read = body->Finish(); !read) return read.error();
  const auto job = handler.Handle(*std::move(command));
  return job ? Result<Response>(Accepted(*job)) : Result<Response>(job.error());
}

Result<Response> TrySchema(application::TrySchemaHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return body.error();
  application::TrySchema command;
  command.impact.partner = *partner;
  command.impact.event_name = body->RequiredString("eventName");
  command.schema = body->RequiredJson("schema");
  command.impact.structure_of = ReadSystem(*body);
  ReadRange(*body, command.impact);
  command.impact.asked_by = AuthorOf(call);
  if (auto read = body->Finish(); !read) return read.error();
  const auto job = handler.Handle(std::move(command));
  return job ? Result<Response>(Accepted(*job)) : Result<Response>(job.error());
}

Result<Response> JudgeAgain(application::JudgeAgainHandler& handler, const Call& call) {
  auto command = CommandOf<application::JudgeAgain>(call);
  if (!command) return command.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return body.error();
  command->from = ReadTime(*body, "from");
  command->to = ReadTime(*body, "to");
  if (const auto verdict = body->OptionalString("verdict")) {
    if (*verdict != "invalid" && *verdict != "all") body->Note("verdict", "wrong_value", "must be invalid or all");
    command->invalid_only = *verdict != "all";
  }
  command->apply = body->OptionalBoolean("apply").value_or(false);
  command->system = ReadSystem(*body);
  if (auto read = body->Finish(); !read) return read.error();
  const auto job = handler.Handle(*std::move(command));
  return job ? Result<Response>(Accepted(*job)) : Result<Response>(job.error());
}

/// What a job's own path names.
struct JobPath {
  domain::PartnerId partner;
  JobId job;
};

Result<JobPath> JobPathOf(const Call& call) {
  const auto partner = domain::PartnerId::Parse(call.path_parameters[0]);
  const auto job = JobId::Parse(call.path_parameters[1]);
  if (!partner || !job) return Error{ErrorKind::kNotFound, "There is no such job."};
  return JobPath{*partner, *job};
}

Result<Response> ShowJob(JobStore& jobs, const Call& call) {
  const auto path = JobPathOf(call);
  if (!path) return path.error();
  const auto job = jobs.Get(path->partner, path->job);
  return job ? Result<Response>(Show(200, *job)) : Result<Response>(job.error());
}

Result<Response> CancelJob(JobStore& jobs, const Call& call) {
  const auto path = JobPathOf(call);
  if (!path) return path.error();
  const auto job = jobs.Cancel(path->partner, path->job, AuthorOf(call));
  return job ? Result<Response>(Show(200, *job)) : Result<Response>(job.error());
}

/// A cursor is good for the jobs of one partner.
application::Fingerprint QuestionOf(domain::PartnerId partner) {
  application::Fingerprint print;
  print.Add("jobs");
  print.Add(partner.ToString());
  return print;
}

Result<Response> ListJobs(JobStore& jobs, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  const int limit = query->Integer("limit", kDefaultLimit);
  if (limit < 1 || limit > kMaxLimit) {
    query->Note("limit", "out_of_range", "must be from 1 to " + std::to_string(kMaxLimit));
  }
  const auto cursor = query->Text("cursor");
  const auto before = cursor ? application::ReadIdCursor<JobId>(QuestionOf(*partner), *cursor) : std::nullopt;
  if (cursor && !before) query->Note("cursor", "invalid_cursor", "must be the nextCursor of a page of jobs");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  const auto page = jobs.List(*partner, before, limit);
  if (!page) return page.error();
  std::optional<std::string> next_cursor;
  if (page->more) next_cursor = application::WritePageCursor(QuestionOf(*partner), {page->items.back().id.ToString()});
  return PageJson(page->items, next_cursor, [](JsonText& json, const auto& job) { WriteJob(json, job); });
}

}  // namespace

void AddJobRoutes(GuardedRoutes& routes, GuardedRoutes& compiling, const JobHandlers& handlers) {
  constexpr std::string_view kImpact = "/api/partners/{id}/structures/{eventName}/versions/{version}/impact";
  constexpr std::string_view kJudgeAgain = "/api/partners/{id}/structures/{eventName}/versions/{version}/judge-again";
  constexpr std::string_view kJobs = "/api/partners/{id}/jobs";
  constexpr std::string_view kJob = "/api/partners/{id}/jobs/{jobId}";
  using enum Access::Owner;
  using enum domain::Scope;
  const auto reads = Access::Member(kPartner, kStructuresRead);
  const auto writes = Access::PartnerAdmin(kPartner, kStructuresWrite);
  routes.Add("POST", kImpact, writes,
             [handlers](const Call& call) { return MeasureImpact(handlers.measure_impact, call); });
  compiling.Add("POST", "/api/partners/{id}/structures/impact", writes,
                [handlers](const Call& call) { return TrySchema(handlers.try_schema, call); });
  routes.Add("POST", kJudgeAgain, writes,
             [handlers](const Call& call) { return JudgeAgain(handlers.judge_again, call); });
  routes.Add("GET", kJobs, reads, [handlers](const Call& call) { return ListJobs(handlers.jobs, call); });
  routes.Add("GET", kJob, reads, [handlers](const Call& call) { return ShowJob(handlers.jobs, call); });
  routes.Add("DELETE", kJob, writes, [handlers](const Call& call) { return CancelJob(handlers.jobs, call); });
}

}  // namespace volcanion::api
