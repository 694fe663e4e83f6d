#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"
#include "Domain/Violation.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::domain {

/// What a system reported, read but not yet checked. Two reports with the same event id are the same event when all of
/// their members are equal; properties() counts by its text, `raw` does not count.
struct EventReport {
  std::optional<std::string> event_id;
  std::string event_name;
  std::optional<Timestamp> event_timestamp;
  std::optional<std::string> user_id;
  std::optional<std::string> anonymous_id;
  std::optional<int> schema_version;
  std::string raw;                  ///< the whole event's text, exactly as sent
  std::size_t properties_at = 0;    ///< where the text of the properties begins in `raw`
  std::size_t properties_size = 0;  ///< 0 when none were sent

  /// The text of a JSON object, exactly as sent.
  std::string_view properties() const {
    return properties_size == 0 ? std::string_view("{}") : std::string_view(raw).substr(properties_at, properties_size);
  }
};

/// How, when and on whose behalf a report came in.
struct Receipt {
  TrackingEventId id;
  PartnerId partner;
  PartnerSystemId system;
  Timestamp received_at;
  std::string correlation_id;
  std::string traceparent;  ///< W3C Trace Context; empty when there was none
};

/// A clock may run ahead by this much before an event's timestamp is a violation.
inline constexpr std::chrono::hours kMaxClockAhead{24};

/// The violation of an event's time that is too far ahead of its receipt; nothing when it is fine.
std::optional<Violation> CheckClock(Timestamp event_timestamp, Timestamp received_at);

/// An event with an identity, a time and, once judged, a verdict.
class TrackingEvent {
 public:
  /// kInvalid with one fault per broken rule: name and ids within the limits of Domain/Name.h, schema version from 1.
  static Result<TrackingEvent> Create(EventReport report, Receipt receipt);

  TrackingEventId id() const { return receipt_.id; }
  PartnerId partner() const { return receipt_.partner; }
  PartnerSystemId system() const { return receipt_.system; }
  Timestamp received_at() const { return receipt_.received_at; }
  const std::string& correlation_id() const { return receipt_.correlation_id; }
  const std::string& traceparent() const { return receipt_.traceparent; }
  const EventReport& report() const { return report_; }
  /// The id by which it is stored once: the reported one, else `id()` as text.
  const std::string& event_id() const { return event_id_; }
  /// The reported time, else the time of receipt.
  Timestamp event_timestamp() const { return report_.event_timestamp.value_or(receipt_.received_at); }

  const Verdict& verdict() const { return verdict_; }
  /// The version that judged it; nothing when none did.
  std::optional<int> judged_by() const { return judged_by_; }
  void Judge(Verdict verdict, std::optional<int> by_version) {
    verdict_ = std::move(verdict);
    judged_by_ = by_version;
  }

 private:
  TrackingEvent(EventReport report, Receipt receipt, std::string event_id)
      : report_(std::move(report)), receipt_(std::move(receipt)), event_id_(std::move(event_id)) {}

  EventReport report_;
  Receipt receipt_;
  std::string event_id_;
  Verdict verdict_;
  std::optional<int> judged_by_;
};

}  // namespace volcanion::domain
