#include "Application/Identity/FailureThrottle.h"

#include <algorithm>

namespace volcanion::application {

bool FailureThrottle::Try(std::string_view who, std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  auto found = failures_.find(std::string(who));
  if (found == failures_.end()) {
    if (failures_.size() >= kMaxKnown) MakeRoom(now);
    found = failures_.emplace(who, Failures{}).first;
  }
  auto& failures = found->second;
  if (failures.until <= now) failures = {0, now + window_};
  if (failures.count >= max_failures_) return false;
  ++failures.count;
  return true;
}

void FailureThrottle::Forgive(std::string_view who) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(std::string(who));
  if (found != failures_.end() && found->second.count > 0) --found->second.count;
}

void FailureThrottle::MakeRoom(std::chrono::steady_clock::time_point now) {
  std::erase_if(failures_, [&](const auto& entry) { return entry.second.until <= now; });
  if (failures_.size() < kMaxKnown) return;
  failures_.erase(std::min_element(failures_.begin(), failures_.end(), [](const auto& one, const auto& other) {
    return one.second.until < other.second.until;
  }));
}

}  // namespace volcanion::application
