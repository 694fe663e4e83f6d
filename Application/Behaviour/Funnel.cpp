#include "Application/Behaviour/Funnel.h"

#include "Application/Behaviour/Median.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace volcanion::application {
namespace {

using domain::Timestamp;

/// Measures one person after the other.
class Funnel {
 public:
  explicit Funnel(const FunnelRule& rule)
      : rule_(rule), places_(rule.steps), next_(rule.steps), from_previous_(rule.steps), from_first_(rule.steps) {}

  /// All events of a person, in order.
  void Add(std::span<const FunnelEvent> events) {
    for (auto& places : places_) places.clear();
    for (std::size_t i = 0; i < events.size(); ++i) {
      for (std::size_t step = 0; step < rule_.steps; ++step) {
        if (events[i].steps >> step & 1) places_[step].push_back(i);
      }
    }
    std::fill(next_.begin(), next_.end(), 0);
    best_.clear();
    for (const auto start : places_[0]) {
      const auto time = events[start].time;
      if (time < rule_.from) continue;
      if (time >= rule_.to || best_.size() == rule_.steps) break;
      Attempt(events, start);
      if (attempt_.size() > best_.size()) best_ = attempt_;
    }
    for (std::size_t step = 1; step < best_.size(); ++step) {
      from_previous_[step].push_back(best_[step] - best_[step - 1]);
      from_first_[step].push_back(best_[step] - best_[0]);
    }
    if (!best_.empty()) ++begun_;
  }

  std::vector<FunnelStep> Take() {
    std::vector<FunnelStep> steps(rule_.steps);
    steps[0].people = begun_;
    for (std::size_t step = 1; step < rule_.steps; ++step) {
      steps[step] = {static_cast<std::int64_t>(from_first_[step].size()),
                     MedianSeconds(std::move(from_previous_[step])), MedianSeconds(std::move(from_first_[step]))};
    }
    return steps;
  }

 private:
  // A later start never has an earlier event for any step: what has been passed once is passed for good.
  void Attempt(std::span<const FunnelEvent> events, std::size_t start) {
    attempt_.assign(1, events[start].time);
    auto place = start;
    for (std::size_t step = 1; step < rule_.steps; ++step) {
      const auto& places = places_[step];
      auto& next = next_[step];
      while (next < places.size() && places[next] <= place) ++next;
      if (next == places.size()) return;
      place = places[next];
      if (events[place].time - attempt_.front() > rule_.window) return;
      attempt_.push_back(events[place].time);
    }
  }

  const FunnelRule& rule_;
  std::int64_t begun_ = 0;
  std::vector<std::vector<std::size_t>> places_;  // of the events of each step
  std::vector<std::size_t> next_;                 // in these
  std::vector<Timestamp> attempt_, best_;         // the times of the steps that were done
  std::vector<std::vector<std::chrono::microseconds>> from_previous_, from_first_;  // by step
};

}  // namespace

std::vector<FunnelStep> MeasureFunnel(std::vector<FunnelEvent> events, const FunnelRule& rule) {
  std::sort(events.begin(), events.end(), [](const FunnelEvent& one, const FunnelEvent& other) {
    return std::tie(one.person, one.time, one.id) < std::tie(other.person, other.time, other.id);
  });
  Funnel funnel(rule);
  for (auto begin = events.begin(); begin != events.end();) {
    const auto end =
        std::find_if(begin, events.end(), [&](const FunnelEvent& event) { return event.person != begin->person; });
    funnel.Add({begin, end});
    begin = end;
  }
  return funnel.Take();
}

}  // namespace volcanion::application
