#include "Application/Queries/FreshnessWatch.h"

#include "Application/Pause.h"

#include <algorithm>
#include <utility>

namespace volcanion::application {

using std::chrono::steady_clock;

FreshnessWatch::FreshnessWatch(ReadChanges& changes, Settings settings)
    : changes_(changes), settings_(settings), thread_([this](std::stop_token stop) { Run(stop); }) {}

bool FreshnessWatch::WhenReached(std::int64_t position, std::chrono::milliseconds patience,
                                 std::function<void(bool)> then) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || waiting_.size() >= settings_.max_waiting) return false;
  waiting_.push_back({position, steady_clock::now() + patience, std::move(then)});
  changed_.notify_one();
  return true;
}

void FreshnessWatch::Stop() {
  std::vector<Waiting> left;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    left.swap(waiting_);
  }
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  for (const auto& waiting : left) waiting.then(false);
}

std::vector<std::pair<FreshnessWatch::Waiting, bool>> FreshnessWatch::TakeServed(std::int64_t reached) {
  std::vector<std::pair<Waiting, bool>> served;
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  const auto kept = std::partition(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
    return waiting.position > reached && waiting.deadline > now;
  });
  for (auto gone = kept; gone != waiting_.end(); ++gone) {
    const bool is_reached = gone->position <= reached;
    served.emplace_back(std::move(*gone), is_reached);
  }
  waiting_.erase(kept, waiting_.end());
  return served;
}

void FreshnessWatch::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
    }
    if (stop.stop_requested()) return;
    const auto freshness = changes_.CurrentFreshness();
    // While the store is away nobody's position is reached, but patience ends all the same.
    for (auto& [waiting, is_reached] : TakeServed(freshness ? freshness->position : -1)) waiting.then(is_reached);
    if (!Pause(stop, settings_.poll_interval)) return;
  }
}

}  // namespace volcanion::application
