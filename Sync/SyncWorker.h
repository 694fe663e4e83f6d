#pragma once

#include "Application/Ports/Log.h"
#include "Application/Ports/Metrics.h"
#include "Application/Ports/Projection.h"
#include "Domain/Result.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stop_token>

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
  /// A step of giving old rows new names, so that what comes need not wait; now and then a look whether there are any.
  domain::Result<domain::Done> Rename();
  /// Likewise of folding counts.
  domain::Result<domain::Done> Fold();
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
  bool renaming_ = false;  // there may be old rows with other names
  std::chrono::steady_clock::time_point looked_for_names_{};
  bool folding_ = false;  // there may be counts that are worth folding
  std::chrono::steady_clock::time_point looked_for_counts_{};
  std::chrono::steady_clock::time_point reported_{};
  std::atomic<std::chrono::steady_clock::time_point> last_success_{};
};

}  // namespace volcanion::sync
