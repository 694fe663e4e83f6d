#include "Api/Middleware/RecentAnswers.h"

#include <utility>

namespace volcanion::api {

RecentAnswers::Found RecentAnswers::Find(std::string_view target, std::int64_t revision, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(target);
  if (found == entries_.end()) return {};
  auto& [recent, is_being_renewed] = found->second;
  const auto age = now - recent->answer.checked_at;
  if (age >= settings_.max_age || recent->answer.revision != revision) return {};
  return {recent, age >= settings_.max_age * 3 / 5 && !std::exchange(is_being_renewed, true)};
}

void RecentAnswers::Keep(std::string target, std::shared_ptr<const Recent> recent, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (now - cleaned_at_ >= settings_.max_age) ForgetOld(now);
  const auto found = entries_.find(target);
  if (found != entries_.end()) {
    // One that took longer must not replace what was found out since.
    if (found->second.recent->answer.checked_at > recent->answer.checked_at) return;
    bytes_ -= BytesOf(found->first, *found->second.recent);
    entries_.erase(found);
  }
  const auto bytes = BytesOf(target, *recent);
  if (bytes_ + bytes > settings_.max_bytes) {
    entries_.clear();
    bytes_ = 0;
  }
  if (bytes > settings_.max_bytes) return;
  entries_.emplace(std::move(target), Entry{std::move(recent)});
  bytes_ += bytes;
}

void RecentAnswers::ForgetOld(SteadyTime now) {
  cleaned_at_ = now;
  std::erase_if(entries_, [&](const auto& entry) {
    const auto& [target, kept] = entry;
    const bool is_old = now - kept.recent->answer.checked_at >= settings_.max_age;
    if (is_old) bytes_ -= BytesOf(target, *kept.recent);
    return is_old;
  });
}

}  // namespace volcanion::api
