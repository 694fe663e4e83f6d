#include "Application/Jobs/JobRunner.h"

#include "Application/Jobs/SampleShares.h"
#include "Application/Pause.h"
#include "Domain/PartnerSystem.h"
#include "Domain/TrackingEvent.h"

#include <algorithm>
#include <exception>
#include <numeric>
#include <utility>
#include <vector>

namespace volcanion::application {
namespace {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kMaxTakeovers = 3;
constexpr int kMinPageEvents = 10;
constexpr milliseconds kLongestPause{5'000};  // while something fails
constexpr std::chrono::hours kPruneInterval{1};

EventQuery QueryOf(const Job& job, std::vector<domain::PartnerSystemId> systems) {
  const auto& request = job.request;
  EventQuery query;
  query.partner = job.partner;
  query.systems = std::move(systems);
  query.event_name = request.event_name;
  query.from = request.from;
  query.to = request.to;
  if (request.invalid_only) query.is_valid = false;
  return query;
}

/// As at ingestion, but by the version that the job names.
Rejudged JudgeStored(const EventRow& event, const CompiledSchema& schema, int version, const Directory& directory) {
  auto verdict = schema.Judge(event.properties);
  if (auto ahead = domain::CheckClock(event.event_timestamp, event.created_at)) verdict.AddOfWhole(*std::move(ahead));
  const auto* system = directory.FindSystem(event.partner_system_id);
  const auto policy = system == nullptr ? domain::InvalidEventPolicy::kFlag : system->invalid_events;
  return {event.partner_system_id, event.event_id, event.tracking_event_id,
          domain::Conclude(policy, std::move(verdict)), version};
}

std::string_view NameOf(JobState state) {
  switch (state) {
    case JobState::kSucceeded:
      return "succeeded";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
    case JobState::kQueued:
    case JobState::kRunning:
      break;
  }
  return "goes on elsewhere";
}

}  // namespace

JobRunner::JobRunner(JobQueue& queue, EventReader& reader, const SchemaCompiler& compiler, DirectoryCache& directory,
                     Log& log, JobRunnerSettings settings)
    : queue_(queue),
      reader_(reader),
      compiler_(compiler),
      directory_(directory),
      log_(log),
      settings_(settings),
      page_events_(settings.max_page_events) {}

void JobRunner::Run(std::stop_token stop) {
  auto pause = settings_.poll_interval;
  std::string failing;  // why; each reason is told once, not at every attempt
  std::optional<steady_clock::time_point> pruned;
  while (!stop.stop_requested()) {
    if (!pruned || steady_clock::now() - *pruned > kPruneInterval) {
      if (queue_.Prune()) pruned = steady_clock::now();
    }
    const auto worked = RunOnceCatching(stop);
    if (stop.stop_requested()) return;
    if (!worked) {
      if (const auto& reason = worked.error().message; reason != failing) {
        log_.Error("background jobs cannot go on; they keep trying", {{"reason", std::string_view(reason)}});
        failing = reason;
      }
      pause = std::min(pause * 2, kLongestPause);
    } else {
      if (!failing.empty()) log_.Info("background jobs go on");
      failing.clear();
      pause = settings_.poll_interval;
      if (*worked) continue;
    }
    if (!Pause(stop, pause)) return;
  }
}

Result<bool> JobRunner::RunOnceCatching(std::stop_token stop) {
  try {
    return RunOnce(stop);
  } catch (const std::exception& error) {  // out of memory, say: the job is claimed again, up to its last checkpoint
    return Error{ErrorKind::kInternal, error.what()};
  }
}

Result<bool> JobRunner::RunOnce(std::stop_token stop) {
  auto claim = queue_.Claim();
  if (!claim) return std::move(claim).error();
  if (!*claim) return false;
  const auto& claimed = **claim;
  const auto& job = claimed.job;
  beaten_ = steady_clock::now();
  auto checkpoint = claimed.checkpoint.value_or(JobCheckpoint{});
  if (claimed.takeovers > kMaxTakeovers) {
    auto ended = End(job, checkpoint, {JobState::kFailed, "Those who worked on it died too often."});
    return ended ? Result<bool>(true) : Result<bool>(std::move(ended).error());
  }
  auto worked = Work(claimed, checkpoint, stop);
  if (!worked) {
    auto& error = worked.error();
    if (error.kind == ErrorKind::kConflict) {  // another runner has it now
      log_.Warning("a background job was taken over", {{"job", std::string_view(job.id.ToString())}});
      return true;
    }
    page_events_ = std::max(kMinPageEvents, page_events_ / 2);  // what was too slow may pass in smaller parts
    if (!IsStuck(job.id, checkpoint.done())) return std::move(error);
    worked = Ended{JobState::kFailed, "The stores did not answer for too long."};
  }
  auto ended = End(job, checkpoint, *worked);
  if (!ended && ended.error().kind != ErrorKind::kConflict) return std::move(ended).error();
  return true;
}

bool JobRunner::IsStuck(JobId job, std::int64_t done) {
  const auto now = steady_clock::now();
  if (!stuck_ || stuck_->job != job || stuck_->done != done) stuck_ = Stuck{job, done, now};
  return now - stuck_->since > settings_.patience;
}

Result<JobRunner::Ended> JobRunner::Work(const ClaimedJob& claimed, JobCheckpoint& checkpoint, std::stop_token stop) {
  const auto& job = claimed.job;
  if (job.cancel_requested) return Ended{JobState::kCancelled};
  const auto schema = compiler_.Compile(claimed.schema);
  if (!schema) return Ended{JobState::kFailed, "The schema cannot be used: " + schema.error().message};
  if (!claimed.checkpoint) {
    auto plan = Plan(job);
    if (!plan) return std::move(plan).error();
    checkpoint = *std::move(plan);
  }
  for (std::size_t i = 0; i < checkpoint.shares.size(); ++i) {
    auto ended = WorkOnShare(job, **schema, checkpoint, i, stop);
    if (!ended || ended->state != JobState::kSucceeded) return ended;
  }
  return Ended{JobState::kSucceeded};
}

Result<JobRunner::Ended> JobRunner::WorkOnShare(const Job& job, const CompiledSchema& schema, JobCheckpoint& checkpoint,
                                                std::size_t at, std::stop_token stop) {
  while (!checkpoint.shares[at].finished) {
    if (stop.stop_requested()) return Ended{JobState::kQueued};
    const auto begun = steady_clock::now();
    auto next = checkpoint;  // counts only when it is saved
    auto& share = next.shares[at];
    auto query = QueryOf(job, {share.system});
    query.after = share.after;
    query.limit = page_events_;
    if (share.limit) query.limit = static_cast<int>(std::min<std::int64_t>(query.limit, *share.limit - share.done));
    const auto page = reader_.Find(query);
    if (!page) return page.error();
    if (!next.report.as_of) next.report.as_of = page->as_of;

    const auto directory = directory_.Current();
    std::vector<Rejudged> verdicts;
    for (const auto& event : page->items) {
      const auto shall_end = BeatIfDue(job.id);
      if (!shall_end) return shall_end.error();
      if (*shall_end) return Ended{JobState::kCancelled};
      if (stop.stop_requested()) return Ended{JobState::kQueued};
      auto judged = JudgeStored(event, schema, job.request.version, *directory);
      next.report.Add(event, judged.verdict);
      if (job.request.apply) verdicts.push_back(std::move(judged));
    }
    share.done += static_cast<std::int64_t>(page->items.size());
    if (page->next) share.after = page->next;
    share.finished = !page->next || (share.limit && share.done >= *share.limit);

    const auto shall_end = queue_.Save(job.id, next, verdicts);
    if (!shall_end) return shall_end.error();
    if (*shall_end) return Ended{JobState::kCancelled};
    beaten_ = steady_clock::now();
    checkpoint = std::move(next);
    page_events_ = std::min(settings_.max_page_events, page_events_ * 2);
    const auto woken = Rest(job.id, steady_clock::now() - begun, stop);
    if (!woken) return woken.error();
    if (*woken) return Ended{JobState::kCancelled};
  }
  return Ended{JobState::kSucceeded};
}

Result<bool> JobRunner::Rest(JobId job, steady_clock::duration rest, std::stop_token stop) {
  const auto end = steady_clock::now() + rest;
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds(0) || !Pause(stop, std::min(left, settings_.beat_interval))) return false;
    auto shall_end = BeatIfDue(job);
    if (!shall_end || *shall_end) return shall_end;
  }
}

Result<JobCheckpoint> JobRunner::Plan(const Job& job) {
  if (auto refreshed = directory_.Refresh(); !refreshed) return std::move(refreshed).error();
  const auto directory = directory_.Current();
  JobCheckpoint plan;
  std::vector<domain::PartnerSystemId> systems;
  for (const auto* system : directory->SystemsOf(job.partner)) {
    if (job.request.system && *job.request.system != system->id) continue;
    // The partner's version is no judge of a system that has a structure of its own.
    if (!job.request.structure_of && directory->HasOwnStructure(system->id, job.request.event_name)) continue;
    systems.push_back(system->id);
    plan.shares.push_back({system->id, std::nullopt, 0, std::nullopt, false});
  }
  const auto counts = reader_.CountBySystem(QueryOf(job, std::move(systems)));
  if (!counts) return counts.error();
  const auto all = std::accumulate(counts->begin(), counts->end(), std::int64_t{0});
  plan.total = all;
  if (job.request.sample && all > *job.request.sample) {
    plan.total = *job.request.sample;
    plan.report.sampled = true;
    const auto limits = DivideSample(*counts, *job.request.sample);
    for (std::size_t i = 0; i < limits.size(); ++i) {
      plan.shares[i].limit = limits[i];
      plan.shares[i].finished = limits[i] == 0;
    }
  }
  return plan;
}

Result<bool> JobRunner::BeatIfDue(JobId job) {
  if (steady_clock::now() - beaten_ < settings_.beat_interval) return false;
  auto shall_end = queue_.Beat(job);
  if (shall_end) beaten_ = steady_clock::now();
  return shall_end;
}

Result<Done> JobRunner::End(const Job& job, const JobCheckpoint& checkpoint, const Ended& ended) {
  auto done = ended.state == JobState::kQueued ? queue_.GiveBack(job.id)
                                               : queue_.Finish(job, ended.state, checkpoint.report, ended.error);
  if (!done) return done;
  log_.Info("a background job has ended here",
            {{"job", std::string_view(job.id.ToString())},
             {"outcome", NameOf(ended.state)},
             {"events", checkpoint.done()},
             {"reason", std::string_view(ended.error ? *ended.error : std::string())}});
  return done;
}

}  // namespace volcanion::application
