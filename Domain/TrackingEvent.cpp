#include "Domain/TrackingEvent.h"

#include "Domain/Name.h"

namespace volcanion::domain {

std::optional<Violation> CheckClock(Timestamp event_timestamp, Timestamp received_at) {
  if (event_timestamp <= received_at + kMaxClockAhead) return std::nullopt;
  return Violation{"", "eventTimestamp", "must not be more than 24 hours ahead of the time of receipt"};
}

Result<TrackingEvent> TrackingEvent::Create(EventReport report, Receipt receipt) {
  std::vector<Fault> faults;
  const auto note = [&faults](std::optional<Fault> fault) {
    if (fault) faults.push_back(*std::move(fault));
  };
  note(CheckName(report.event_name, "/eventName", kMaxEventNameBytes));
  if (report.event_id) {
    if (report.event_id->empty()) faults.push_back({"/eventId", "empty", "must not be empty; leave it out to get one"});
    note(CheckForeignId(*report.event_id, "/eventId", kMaxEventIdBytes));
  }
  if (report.user_id) note(CheckForeignId(*report.user_id, "/userId", kMaxUserIdBytes));
  if (report.anonymous_id) note(CheckForeignId(*report.anonymous_id, "/anonymousId", kMaxUserIdBytes));
  if (report.schema_version && *report.schema_version < 1) {
    faults.push_back({"/schemaVersion", "out_of_range", "must be at least 1"});
  }
  if (!faults.empty()) return Error{ErrorKind::kInvalid, "The event breaks a rule.", std::move(faults)};
  std::string event_id = report.event_id ? *report.event_id : receipt.id.ToString();
  return TrackingEvent(std::move(report), std::move(receipt), std::move(event_id));
}

}  // namespace volcanion::domain
