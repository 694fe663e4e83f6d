#include "Application/Commands/JudgeAgain.h"

#include <string>
#include <utility>
#include <vector>

namespace volcanion::application {
namespace {

std::vector<std::pair<std::string, std::string>> DetailsOf(const Job& job) {
  const auto& request = job.request;
  std::vector<std::pair<std::string, std::string>> details = {{"jobId", job.id.ToString()},
                                                              {"from", domain::FormatRfc3339(*request.from)},
                                                              {"to", domain::FormatRfc3339(*request.to)},
                                                              {"verdict", request.invalid_only ? "invalid" : "all"}};
  if (request.structure_of) details.emplace_back("structureOf", request.structure_of->ToString());
  if (request.system) details.emplace_back("partnerSystemId", request.system->ToString());
  return details;
}

}  // namespace

domain::Result<Job> JudgeAgainHandler::Handle(JudgeAgain command) {
  if (command.to < command.from) {
    return domain::Error{
        domain::ErrorKind::kInvalid, "The body breaks a rule.", {{"/to", "out_of_range", "must not be before from"}}};
  }
  const auto now = clock_.Now();
  Job job;
  job.id = {secrets_.NewId(now)};
  job.partner = command.partner;
  job.kind = JobKind::kJudgeAgain;
  job.request.event_name = std::move(command.event_name);
  job.request.version = command.version;
  job.request.structure_of = command.structure_of;
  job.request.system = command.structure_of ? command.structure_of : command.system;
  job.request.from = command.from;
  job.request.to = command.to;
  job.request.invalid_only = command.invalid_only;
  job.request.apply = command.apply;
  job.created_by = std::move(command.asked_by.actor);
  job.correlation_id = std::move(command.asked_by.correlation_id);
  job.created_at = now;
  std::optional<AuditEntry> audit;
  if (command.apply) {
    audit = AuditEntry{job.partner,
                       {job.created_by, job.correlation_id, command.asked_by.client_address},
                       "events.judge_again_requested",
                       job.request.event_name + ", version " + std::to_string(job.request.version),
                       DetailsOf(job)};
    audit->target_id = job.id.value;
  }
  if (auto added = jobs_.Add(job, audit); !added) return std::move(added).error();
  return job;
}

}  // namespace volcanion::application
