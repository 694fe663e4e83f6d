#include "Api/PartnerLanes.h"

#include <algorithm>
#include <utility>

namespace volcanion::api {

PartnerLanes::PartnerLanes(const Settings& settings) : settings_(settings) {
  for (int i = 0; i < settings.threads; ++i) threads_.emplace_back([this](std::stop_token stop) { Run(stop); });
}

void PartnerLanes::Stop() {
  std::vector<std::deque<std::function<void()>>> dropped;  // not under the lock: what they hold may lead anywhere
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    turns_.clear();
    for (auto& [partner, lane] : lanes_) dropped.push_back(std::exchange(lane.waiting, {}));
  }
  dropped.clear();
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

PartnerLanes::Outcome PartnerLanes::Submit(domain::PartnerId partner, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || turns_.size() >= settings_.waiting) return Outcome::kAllAreFull;
  auto& lane = lanes_[partner];  // one that is new has room
  if (lane.waiting.size() >= settings_.waiting_of_one) return Outcome::kLaneIsFull;
  lane.waiting.push_back(std::move(work));
  turns_.push_back(partner);
  changed_.notify_one();
  return Outcome::kTaken;
}

// In turns_, a partner stands behind those that came before it. One that may not run more is passed over.
std::deque<domain::PartnerId>::iterator PartnerLanes::NextTurn() {
  return std::find_if(turns_.begin(), turns_.end(), [this](const domain::PartnerId& partner) {
    return lanes_.at(partner).running < settings_.running_of_one;
  });
}

void PartnerLanes::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, stop, [this] { return NextTurn() != turns_.end(); });
    if (stop.stop_requested()) return;
    const auto turn = NextTurn();
    const auto partner = *turn;
    turns_.erase(turn);
    auto& lane = lanes_.at(partner);
    auto work = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    ++lane.running;
    lock.unlock();
    work();
    work = nullptr;  // what it holds goes before its place is another's
    lock.lock();
    auto& left = lanes_.at(partner);
    if (--left.running == 0 && left.waiting.empty()) lanes_.erase(partner);
    changed_.notify_one();
  }
}

}  // namespace volcanion::api
