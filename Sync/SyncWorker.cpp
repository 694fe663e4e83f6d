#include "Sync/SyncWorker.h"

#include "Application/Projections/ProjectBatches.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>

namespace volcanion::sync {
namespace {

using application::StoredBatch;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestPause{1'000};

/// False when it is time to stop.
bool Pause(std::stop_token stop, std::chrono::milliseconds pause) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, pause, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

SyncWorker::SyncWorker(application::Outbox& outbox, application::ReadModel& read_model, application::Metrics& metrics,
                       application::Log& log, SyncSettings settings, application::StepObserver observer)
    : outbox_(outbox),
      read_model_(read_model),
      metrics_(metrics),
      log_(log),
      settings_(settings),
      observer_(std::move(observer)) {}

void SyncWorker::Observe(std::string_view step) {
  if (observer_) observer_(step);
}

void SyncWorker::Run(std::stop_token stop) {
  auto pause = settings_.poll_interval;
  bool failing = false;
  while (!stop.stop_requested()) {
    const auto projected = RunOnce();
    if (!projected) {
      if (!failing) log_.Error("the projection cannot go on; it keeps trying", {{"reason", projected.error().message}});
      failing = true;
      pause = std::min(pause * 2, kLongestPause);
    } else {
      if (failing) log_.Info("the projection goes on");
      failing = false;
      pause = settings_.poll_interval;
      last_success_ = steady_clock::now();
      if (*projected > 0) continue;
    }
    if (!Pause(stop, pause)) return;
  }
}

domain::Result<std::size_t> SyncWorker::RunOnce() {
  const auto begun = steady_clock::now();
  auto claimed = outbox_.Claim();
  if (!claimed) return std::move(claimed).error();
  auto& claim = **claimed;
  const auto& batches = claim.batches();
  if (batches.empty()) {
    const auto freshness = claim.freshness();
    claimed->reset();  // its transaction ends before the next one begins
    Report(freshness);
    return std::size_t{0};
  }
  Observe("claimed");
  auto applied = read_model_.Apply(batches, claim.freshness(), application::ProjectBatches);
  if (!applied && applied.error().kind == domain::ErrorKind::kInvalid) applied = ApplyOneByOne(claim);
  if (!applied) return std::move(applied).error();
  Observe("after read commit");
  if (auto completed = claim.Complete(); !completed) return std::move(completed).error();
  Observe("after write commit");
  const auto events =
      std::accumulate(batches.begin(), batches.end(), std::size_t{0},
                      [](std::size_t sum, const StoredBatch& batch) { return sum + batch.events.size(); });
  metrics_.BatchesProjected(batches.size(), events, std::chrono::duration<double>(steady_clock::now() - begun).count());
  const auto count = batches.size();
  const auto freshness = claim.freshness();
  claimed->reset();
  Report(freshness);
  return count;
}

domain::Result<domain::Done> SyncWorker::ApplyOneByOne(application::OutboxClaim& claim) {
  for (const auto& batch : claim.batches()) {
    // Without a note of freshness: the last of the batches is not in yet.
    const auto applied = read_model_.Apply({batch}, {}, application::ProjectBatches);
    if (applied) continue;
    if (applied.error().kind != domain::ErrorKind::kInvalid) return applied;
    if (auto set_aside = claim.SetAside(batch.id, applied.error().message); !set_aside) return set_aside;
    metrics_.BatchSetAside();
    log_.Error("a batch cannot be projected and is set aside",
               {{"batch", batch.id},
                {"events", static_cast<std::int64_t>(batch.events.size())},
                {"reason", applied.error().message}});
  }
  return domain::Done{};
}

void SyncWorker::Report(const application::Freshness& freshness) {
  const auto now = steady_clock::now();
  if (now - reported_ < settings_.report_interval) return;
  reported_ = now;
  if (auto noted = read_model_.NoteFreshness(freshness); !noted) {
    log_.Warning("freshness cannot be noted", {{"reason", noted.error().message}});
  }
  if (const auto lag = outbox_.Lag()) metrics_.OutboxMeasured(*lag);
}

}  // namespace volcanion::sync
