#include "Infrastructure/JsonSchema/Effort.h"

#include <ctime>

namespace volcanion::infrastructure {
std::chrono::nanoseconds ThreadTime() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

bool Effort::SpendMore(std::uint64_t steps) {
  if (ended()) return false;
  const std::uint64_t spent = slice_ - slice_left_ + steps;
  if (spent >= steps_) {
    GiveUp(End::kSteps);
    return false;
  }
  steps_ -= spent;
  if (!started_) {
    unmeasured_ = spent * kTimePerStep;
    started_ = ThreadTime();
  }
  CheckTime();
  if (ended()) return false;
  NextSlice();
  return true;
}

void Effort::CheckTime() {
  risk_ = 0;
  if (!started_) {
    unmeasured_ = Used();
    started_ = ThreadTime();
  }
  if (Used() >= time_) GiveUp(End::kTime);
}

std::chrono::nanoseconds Effort::Used() const {
  if (!started_) return unmeasured_ + (slice_ - slice_left_) * kTimePerStep;
  return unmeasured_ + (ThreadTime() - *started_);
}

}  // namespace volcanion::infrastructure
