#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/EventStore.h"
#include "Application/Ports/Metrics.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Result.h"
#include "Domain/TrackingEvent.h"
#include "Domain/Violation.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// One event of a request: what could be read of it, and the bytes it was read from.
struct IncomingEvent {
  std::string_view raw;                        ///< borrowed for the call of Handle()
  domain::Result<domain::EventReport> report;  ///< an error keeps `raw` as a rejected payload
};

struct IngestEvents {
  Sender sender;
  std::string correlation_id;
  std::string traceparent;
  std::vector<IncomingEvent> events;
};

struct IngestOutcome {
  enum class Status { kStored, kDuplicate, kConflict, kRejected };
  Status status = Status::kStored;
  std::string event_id;  ///< empty for a rejected one that had none, or none that could be read
  std::int64_t position = 0;
  domain::Verdict::Outcome verdict = domain::Verdict::Outcome::kValid;
  std::optional<int> schema_version;
  std::vector<domain::Violation> violations;
  domain::ErrorKind rejected_as = domain::ErrorKind::kInvalid;  ///< when kRejected
  std::vector<domain::Fault> faults;                            ///< when kRejected: why
};

/// Judges events and stores them: each one ends as an event with its verdict, or as a rejected payload with its reason.
/// All events of a command share one JudgingBudget: those for which nothing is left are stored unjudged.
class IngestEventsHandler {
 public:
  IngestEventsHandler(EventStore& store, const DirectoryCache& directory, const Clock& clock, const Secrets& secrets,
                      Metrics& metrics);

  using Done = std::function<void(domain::Result<std::vector<IngestOutcome>>)>;
  /// Calls `done` once, with one outcome per event in order, after all of it is durable. kUnavailable: see EventStore.
  void Handle(IngestEvents command, Done done);

 private:
  EventStore& store_;
  const DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
  Metrics& metrics_;
};

}  // namespace volcanion::application
