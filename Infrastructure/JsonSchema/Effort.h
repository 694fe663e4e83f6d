#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace volcanion::infrastructure {

/// Processor time of the calling thread: what others do on the machine does not count.
std::chrono::nanoseconds ThreadTime();

/// Counts the steps that judging one document takes, and now and then the time, until one of them is used up. A step is
/// some tens of nanoseconds: a visit of one constraint, or a stretch of a text. Used once, by one thread.
class Effort {
 public:
  static constexpr std::chrono::nanoseconds kTimePerStep{20};  ///< more or less

  enum class End { kNone, kSteps, kTime, kDepth };

  /// `time` is ThreadTime().
  Effort(std::uint64_t steps, std::chrono::nanoseconds time) : steps_(steps), time_(time) { NextSlice(); }

  /// Pays for the work that comes next. False when there is nothing left for it, from then on every time.
  bool Spend(std::uint64_t steps) {
    if (steps < slice_left_) {
      slice_left_ -= steps;
      return true;
    }
    return SpendMore(steps);
  }

  /// After work whose duration nobody could tell before: ends when the time is used up.
  void CheckTime();

  /// After work that may have taken so many steps more than were paid for. They are not used up, but the time is
  /// checked once they have come to half a millisecond.
  void NoteRisk(std::uint64_t steps) {
    if ((risk_ += steps) >= kRiskPerSlice) CheckTime();
  }

  void GiveUp(End why) {
    if (end_ == End::kNone) end_ = why;
    if (!started_) unmeasured_ += (slice_ - slice_left_) * kTimePerStep;
    steps_ = slice_ = slice_left_ = 0;
  }

  End end() const { return end_; }
  bool ended() const { return end_ != End::kNone; }

  /// What was used so far; an estimate where it was too short to be measured.
  std::chrono::nanoseconds Used() const;

 private:
  // The clock is read once in so many steps: a document that takes fewer never pays for it.
  static constexpr std::uint64_t kStepsPerSlice = 4096;
  static constexpr std::uint64_t kRiskPerSlice = 25'000;

  bool SpendMore(std::uint64_t steps);
  void NextSlice() { slice_ = slice_left_ = std::min(kStepsPerSlice, steps_); }

  std::uint64_t steps_;      // left, the slice included
  std::uint64_t slice_ = 0;  // as it was when the clock was read
  std::uint64_t slice_left_ = 0;
  std::uint64_t risk_ = 0;                  // since the clock was read
  std::chrono::nanoseconds time_;           // in all
  std::chrono::nanoseconds unmeasured_{0};  // before the clock was read first
  std::optional<std::chrono::nanoseconds> started_;
  End end_ = End::kNone;
};

}  // namespace volcanion::infrastructure
