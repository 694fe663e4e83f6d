#pragma once

#include "Domain/Result.h"
#include "Domain/TrackingEvent.h"
#include "Domain/Uuid.h"
#include "Domain/Violation.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// A payload that is not stored as an event, kept as the bytes that came.
struct RejectedPayload {
  domain::PartnerSystemId system;
  std::string correlation_id;
  domain::Timestamp received_at;
  std::string body;
  std::vector<domain::Fault> faults;  ///< why; at least one
};

struct AppendResult {
  enum class Status {
    kStored,
    kDuplicate,   ///< the same content was stored before under this id: the rest tells of that event
    kConflict,    ///< other content was stored before under this id; this one is kept as a rejected payload
    kUnstorable,  ///< PostgreSQL refuses this event whatever is tried; kept as a rejected payload
  };
  Status status = Status::kStored;
  std::int64_t position = 0;          ///< the batch that holds the event; 0 when kUnstorable
  domain::Verdict verdict = {};       ///< of the stored event
  std::optional<int> judged_by = {};  ///< of the stored event
};

struct Append {
  domain::ApiKeyId key;  ///< with which all of it was sent
  std::vector<domain::TrackingEvent> events;
  std::vector<RejectedPayload> rejected;
};

struct Appended {
  std::vector<domain::TrackingEvent> events;  ///< as they were given
  std::vector<AppendResult> results;          ///< one per event, in order
};

/// Called once, from a thread of the store, and must not block it for long.
using AppendDone = std::function<void(domain::Result<Appended>)>;

/// Where events become durable. Thread-safe.
class EventStore {
 public:
  virtual ~EventStore() = default;

  /// Stores all of it, and calls `done` only after the database has answered COMMIT. kUnavailable when the queue is
  /// full (at once, on this thread), when the database is away, or when it is not known whether the commit
  /// happened: the caller may send the same ids again.
  virtual void Store(Append append, AppendDone done) = 0;
};

}  // namespace volcanion::application
