#include "Sync/SyncWorker.h"

#include "Application/Pause.h"
#include "Application/Projections/ProjectBatches.h"

#include <algorithm>
#include <exception>
#include <numeric>
#include <span>
#include <string>

namespace volcanion::sync {
namespace {

using application::StoredBatch;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestPause{1'000};
constexpr std::chrono::seconds kPauseAfterRefusal{30};

bool AllComplete(const std::vector<StoredBatch>& batches) {
  return std::all_of(batches.begin(), batches.end(), [](const StoredBatch& batch) { return batch.IsComplete(); });
}

}  // namespace

SyncWorker::SyncWorker(application::Outbox& outbox, application::ReadModel& read_model, application::Metrics& metrics,
                       application::Log& log, SyncSettings settings, application::StepObserver observer)
    : outbox_(outbox),
      read_model_(read_model),
      metrics_(metrics),
      log_(log),
      settings_(settings),
      observer_(std::move(observer)),
      claim_limit_(settings.max_claim_batches) {}

void SyncWorker::Observe(std::string_view step) {
  if (observer_) observer_(step);
}

void SyncWorker::Run(std::stop_token stop) {
  auto pause = settings_.poll_interval;
  std::string failing;  // why; each reason is told once, not at every attempt
  while (!stop.stop_requested()) {
    const auto projected = RunOnceCatching();
    if (stop.stop_requested()) return;
    if (!projected) {
      if (const auto& reason = projected.error().message; reason != failing) {
        log_.Error("the projection cannot go on; it keeps trying", {{"reason", reason}});
        failing = reason;
      }
      pause = std::min(pause * 2, kLongestPause);
      // Fewer at a time: what is too slow or too large together may pass alone, and what fails stands in nobody's way.
      claim_limit_ = std::max(1, claim_limit_ / 2);
      MeasureLag();
    } else {
      if (!failing.empty()) log_.Info("the projection goes on");
      failing.clear();
      pause = settings_.poll_interval;
      claim_limit_ = std::min(settings_.max_claim_batches, claim_limit_ * 2);
      last_success_ = steady_clock::now();
      if (*projected > 0 || renaming_.is_under_way || folding_.is_under_way) continue;
    }
    if (!application::Pause(stop, pause)) return;
  }
}

domain::Result<std::size_t> SyncWorker::RunOnceCatching() {
  try {
    return RunOnce();
  } catch (const std::exception& error) {  // out of memory, say: the claim is back in the outbox by now
    return domain::Error{domain::ErrorKind::kInternal, error.what()};
  }
}

domain::Result<std::size_t> SyncWorker::RunOnce() {
  const auto begun = steady_clock::now();
  auto claimed = outbox_.Claim(claim_limit_);
  if (!claimed) return std::move(claimed).error();
  auto& claim = **claimed;
  const auto& batches = claim.batches();
  const auto freshness = claim.freshness();
  const auto count = batches.size();
  if (count > 0) {
    Observe("claimed");
    if (auto applied = Apply(claim); !applied) return std::move(applied).error();
    Observe("after read commit");
    if (auto completed = claim.Complete(); !completed) return std::move(completed).error();
    Observe("after write commit");
    const auto has_names = [](const StoredBatch& batch) { return !batch.renames.empty(); };
    if (std::any_of(batches.begin(), batches.end(), has_names)) renaming_.is_under_way = true;
    const auto events =
        std::accumulate(batches.begin(), batches.end(), std::size_t{0},
                        [](std::size_t sum, const StoredBatch& batch) { return sum + batch.events.size(); });
    metrics_.BatchesProjected(count, events, std::chrono::duration<double>(steady_clock::now() - begun).count());
  }
  claimed->reset();  // its transaction ends before the next one begins
  if (auto renamed = DoSome(renaming_, [this] { return read_model_.RenameSome(); }); !renamed) return renamed.error();
  if (auto folded = DoSome(folding_, [this] { return read_model_.FoldSome(); }); !folded) return folded.error();
  Report(freshness);
  return count;
}

domain::Result<domain::Done> SyncWorker::Apply(application::OutboxClaim& claim) {
  if (AllComplete(claim.batches())) {
    auto applied = read_model_.Apply(claim.batches(), claim.freshness(), application::ProjectBatches);
    if (applied || applied.error().kind != domain::ErrorKind::kInvalid) return applied;
  }
  return ApplyOneByOne(claim);
}

domain::Result<domain::Done> SyncWorker::ApplyOneByOne(application::OutboxClaim& claim) {
  for (const auto& batch : claim.batches()) {
    std::string refused;
    if (batch.IsComplete()) {
      // Without a note of freshness: the last of the batches is not in yet.
      const auto applied = read_model_.Apply(std::span(&batch, 1), {}, application::ProjectBatches);
      if (!applied && applied.error().kind != domain::ErrorKind::kInvalid) return applied;
      if (!applied) refused = applied.error().message;
    } else {
      refused = "only " + std::to_string(batch.found()) + " of its " + std::to_string(batch.event_count) +
                " events can be read with their partner and system";
    }
    if (refused.empty()) continue;
    if (auto set_aside = claim.SetAside(batch.id, refused); !set_aside) return set_aside;
    metrics_.BatchSetAside();
    log_.Error("a batch cannot be projected and is set aside",
               {{"batch", batch.id}, {"events", batch.event_count}, {"reason", std::string_view(refused)}});
  }
  return domain::Done{};
}

domain::Result<domain::Done> SyncWorker::DoSome(SideWork& work, const std::function<domain::Result<bool>()>& step) {
  const auto now = steady_clock::now();
  if (!work.is_under_way && now < work.next_look) return domain::Done{};
  work.next_look = now + settings_.report_interval;
  auto done = step();
  const bool is_refused = !done && done.error().kind == domain::ErrorKind::kInvalid;
  if (!done && !is_refused) return std::move(done).error();
  if (is_refused) {
    log_.Error(work.refusal, {{"reason", std::string_view(done.error().message)}});
    work.next_look = now + kPauseAfterRefusal;
  }
  work.is_under_way = done && *done;
  return domain::Done{};
}

void SyncWorker::Report(const application::Freshness& freshness) {
  const auto now = steady_clock::now();
  if (now - reported_ < settings_.report_interval) return;
  reported_ = now;
  if (auto noted = read_model_.NoteFreshness(freshness); !noted) {
    log_.Warning("freshness cannot be noted", {{"reason", noted.error().message}});
  }
  MeasureLag();
}

void SyncWorker::MeasureLag() {
  if (const auto lag = outbox_.Lag()) metrics_.OutboxMeasured(*lag);
}

}  // namespace volcanion::sync
