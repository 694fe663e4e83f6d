#include "Application/Behaviour/Sessions.h"

#include "Application/Behaviour/Median.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace volcanion::application {

using domain::Timestamp;

void SessionCount::Add(std::vector<SessionEvent> stretch, Timestamp end) {
  std::sort(stretch.begin(), stretch.end(), [](const SessionEvent& one, const SessionEvent& other) {
    return std::tie(one.person, one.time) < std::tie(other.person, other.time);
  });
  for (const auto& event : stretch) {
    if (event.person >= people_.size()) people_.resize(event.person + 1);
    AddTo(people_[event.person], event.time);
  }
  for (auto& person : people_) {
    // The next event is not before the end.
    if (person.open && end - person.open->end > gap_) Close(person);
  }
}

void SessionCount::AddTo(Person& person, Timestamp time) {
  if (person.open && time - person.open->end > gap_) Close(person);
  if (!person.open) {
    person.open = EventSession{time, time, 0};
    if (time >= from_ && time < to_) ++open_people_;
  }
  person.open->end = time;
  ++person.open->events;
}

void SessionCount::Close(Person& person) {
  const auto session = *std::exchange(person.open, std::nullopt);
  if (session.begin < from_ || session.begin >= to_) return;
  --open_people_;
  ++totals_.sessions;
  totals_.events += session.events;
  totals_.people += person.has_session ? 0 : 1;
  person.has_session = true;
  lengths_.push_back(session.end - session.begin);
}

bool SessionCount::IsOpen(std::uint32_t person) const {
  if (person >= people_.size() || !people_[person].open) return false;
  const auto begin = people_[person].open->begin;
  return begin >= from_ && begin < to_;
}

SessionTotals SessionCount::Take() {
  for (auto& person : people_) {
    if (person.open) Close(person);
  }
  if (!lengths_.empty()) {
    const std::chrono::duration<double> all =
        std::accumulate(lengths_.begin(), lengths_.end(), std::chrono::microseconds(0));
    totals_.average_seconds = all.count() / static_cast<double>(lengths_.size());
    totals_.median_seconds = MedianSeconds(std::move(lengths_));
  }
  return totals_;
}

}  // namespace volcanion::application
