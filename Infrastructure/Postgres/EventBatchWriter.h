#pragma once

#include "Application/Ports/EventStore.h"
#include "Domain/TrackingEvent.h"
#include "Domain/Uuid.h"
#include "Infrastructure/Postgres/PqConnection.h"

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

/// The transaction of the group commit: keys, events, the batch and its outbox row, and rejected payloads.
///
/// Keys first: the unique index of write.event_keys decides which events are new, waiting for other writers of the same
/// key where need be; in sorted order, so that two writers never wait for each other in a circle. Only the new events
/// are copied in.
class EventBatchWriter {
 public:
  explicit EventBatchWriter(PqConnection& connection) : connection_(connection) {}

  /// Writes all of it, or nothing: throws PqError. Fills the results only after COMMIT. Returns how many events are
  /// new.
  std::size_t Write(const std::vector<EventToWrite>& events, const std::vector<RejectedToWrite>& rejected);

 private:
  PqConnection& connection_;
};

}  // namespace volcanion::infrastructure
