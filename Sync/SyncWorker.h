#pragma once

#include "Application/Ports/Log.h"
#include "Application/Ports/Metrics.h"
#include "Application/Ports/Projection.h"
#include "Domain/Result.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string_view>

namespace volcanion::sync {

struct SyncSettings {
  int max_claim_batches = 500;                     ///< projected together
  std::chrono::milliseconds poll_interval{100};    ///< between looks at an empty outbox
  std::chrono::milliseconds report_interval{500};  ///< between notes of freshness and lag while idle
};

/// Carries batches from the outbox to the read store, each once: the read store commits the rows together with the mark
/// that they are in, and only then the outbox lets go of them. Whatever dies in between, the next worker finds the
/// batches in the outbox and the mark in the read store. Any number of workers may run, in any number of processes.
class SyncWorker {
 public:
  /// The outbox and the read model belong to this worker alone.
  SyncWorker(application::Outbox& outbox, application::ReadModel& read_model, application::Metrics& metrics,
             application::Log& log, SyncSettings settings, application::StepObserver observer = {});

  /// Works until told to stop: at once again while there is work, after `poll_interval` when there is none, and more
  /// and more slowly (up to a second), with fewer and fewer batches at a time, while something fails.
  void Run(std::stop_token stop);

  /// One round. How many batches left the outbox.
  domain::Result<std::size_t> RunOnce();

  /// When the last round that met no error ended; thread-safe. The epoch before the first.
  std::chrono::steady_clock::time_point last_success() const { return last_success_.load(); }

 private:
  domain::Result<std::size_t> RunOnceCatching();
  domain::Result<domain::Done> Apply(application::OutboxClaim& claim);
  /// Applies the batches one by one, so that one that is refused is set aside alone.
  domain::Result<domain::Done> ApplyOneByOne(application::OutboxClaim& claim);
  /// What rests on events that are projected already: done in steps between claims, so that no event waits for all of
  /// it.
  struct SideWork {
    std::string_view refusal;  ///< for the log
    bool is_under_way = false;
    std::chrono::steady_clock::time_point next_look{};  ///< whether there is some
  };
  /// A step, if there may be one to do. What the store refuses is told of and tried again later: it keeps no event from
  /// being projected.
  domain::Result<domain::Done> DoSome(SideWork& work, const std::function<domain::Result<bool>()>& step);
  void Report(const application::Freshness& freshness);
  void MeasureLag();
  void Observe(std::string_view step);

  application::Outbox& outbox_;
  application::ReadModel& read_model_;
  application::Metrics& metrics_;
  application::Log& log_;
  const SyncSettings settings_;
  const application::StepObserver observer_;
  int claim_limit_;
  SideWork renaming_{.refusal = "old events cannot be given their systems' new names; it is tried again later"};
  SideWork folding_{.refusal = "counts cannot be folded into the roll-ups; it is tried again later"};
  std::chrono::steady_clock::time_point reported_{};
  std::atomic<std::chrono::steady_clock::time_point> last_success_{};
};

}  // namespace volcanion::sync
