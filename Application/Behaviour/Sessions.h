#pragma once

#include "Domain/Timestamp.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace volcanion::application {

/// What somebody did without a pause longer than the gap: an event that comes just so much after the one before belongs
/// to its session.
struct EventSession {
  domain::Timestamp begin, end;  ///< of its first event and its last
  std::int64_t events = 0;
};

struct SessionEvent {
  std::uint32_t person;
  domain::Timestamp time;
};

struct SessionTotals {
  std::int64_t sessions = 0;
  std::int64_t people = 0;  ///< who have any
  std::int64_t events = 0;  ///< in them
  std::optional<double> average_seconds, median_seconds;
};

/// Counts sessions that begin within a range, from events that come in stretches of time.
class SessionCount {
 public:
  SessionCount(domain::Timestamp from, domain::Timestamp to, std::chrono::microseconds gap)
      : from_(from), to_(to), gap_(gap) {}

  /// All events before `end`, and not before that of the stretch before; of the first stretch, from `from - gap` on. A
  /// person who is not IsOpen() may be left out of stretches behind the range.
  void Add(std::vector<SessionEvent> stretch, domain::Timestamp end);
  /// Whether an event of that person at the end of the last stretch would belong to a session that counts.
  bool IsOpen(std::uint32_t person) const;
  bool AnyOpen() const { return open_people_ > 0; }
  /// Those that are open end with what is known of them.
  SessionTotals Take();

 private:
  struct Person {
    std::optional<EventSession> open;
    bool has_session = false;
  };

  void Close(Person& person);
  void AddTo(Person& person, domain::Timestamp time);

  const domain::Timestamp from_, to_;
  const std::chrono::microseconds gap_;
  std::vector<Person> people_;  // by their numbers
  std::int64_t open_people_ = 0;
  SessionTotals totals_;
  std::vector<std::chrono::microseconds> lengths_;
};

}  // namespace volcanion::application
