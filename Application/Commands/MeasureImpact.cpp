#include "Application/Commands/MeasureImpact.h"

#include <utility>
#include <vector>

namespace volcanion::application {
namespace {

constexpr int kMaxDays = 36'500;
constexpr std::int64_t kMaxSample = 1'000'000;

}  // namespace

domain::Result<Job> ImpactJob(MeasureImpact command, JobId id, domain::Timestamp now) {
  std::vector<domain::Fault> faults;
  if (command.days < 1 || command.days > kMaxDays) {
    faults.push_back({"/days", "out_of_range", "must be from 1 to " + std::to_string(kMaxDays)});
  }
  if (command.sample < 1 || command.sample > kMaxSample) {
    faults.push_back({"/sample", "out_of_range", "must be from 1 to " + std::to_string(kMaxSample)});
  }
  if (!faults.empty()) return domain::Error{domain::ErrorKind::kInvalid, "The body breaks a rule.", std::move(faults)};
  Job job;
  job.id = id;
  job.partner = command.partner;
  job.kind = JobKind::kImpact;
  job.request.event_name = std::move(command.event_name);
  job.request.version = command.version;
  job.request.structure_of = command.structure_of;
  job.request.system = command.structure_of ? command.structure_of : command.system;
  job.request.from = now - std::chrono::days(command.days);
  job.request.sample = command.sample;
  job.created_by = std::move(command.asked_by.actor);
  job.correlation_id = std::move(command.asked_by.correlation_id);
  job.created_at = now;
  return job;
}

domain::Result<Job> MeasureImpactHandler::Handle(MeasureImpact command) {
  const auto now = clock_.Now();
  auto job = ImpactJob(std::move(command), {secrets_.NewId(now)}, now);
  if (!job) return job;
  if (auto added = jobs_.Add(*job, std::nullopt); !added) return std::move(added).error();
  return job;
}

}  // namespace volcanion::application
