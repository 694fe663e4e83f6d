#pragma once

#include "Application/Ports/EventStore.h"
#include "Domain/TrackingEvent.h"
#include "Domain/Uuid.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <algorithm>
#include <vector>

namespace volcanion::infrastructure {

/// An event on its way into the write store, and where its result goes once it is committed.
struct EventToWrite {
  const domain::TrackingEvent* event;
  domain::ApiKeyId key;
  application::AppendResult* result;
};

struct RejectedToWrite {
  const application::RejectedPayload* payload;
  domain::ApiKeyId key;
};

/// Whether the next group's keys are likely to be all new. Then they are copied in, which is the cheapest way but fails
/// when one of them is there; after that they are inserted past those that are, until it has seemed needless for a
/// while.
class KeyForecast {
 public:
  bool ExpectsNew() const { return all_new_in_a_row_ >= kCareful; }
  /// What came of a group.
  void Note(bool all_new) { all_new_in_a_row_ = all_new ? std::min(all_new_in_a_row_ + 1, kCareful) : 0; }

 private:
  static constexpr int kCareful = 8;  // groups
  int all_new_in_a_row_ = kCareful;
};

/// The transaction of the group commit: keys, events, the batch and its outbox row, rejected payloads, and counts of
/// the events that were sent again.
///
/// Keys first: the unique index of write.event_keys decides which events are new, waiting for other writers of the same
/// key where need be; in sorted order, so that two writers never wait for each other in a circle. Only the new events
/// are copied in. The forecast is the caller's, who has one connection write one group after the other.
class EventBatchWriter {
 public:
  EventBatchWriter(PqConnection& connection, KeyForecast& forecast) : connection_(connection), forecast_(forecast) {}

  /// Writes all of it, or nothing: throws PqError. Fills the results only after COMMIT. Returns how many events are
  /// new.
  std::size_t Write(const std::vector<EventToWrite>& events, const std::vector<RejectedToWrite>& rejected);

 private:
  PqConnection& connection_;
  KeyForecast& forecast_;
};

}  // namespace volcanion::infrastructure
