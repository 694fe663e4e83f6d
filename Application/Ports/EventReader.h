#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// What a read reflects: every event acknowledged before `instant`, and every one whose position is not above
/// `position`. Batches that were set aside are not in it.
struct Freshness {
  std::int64_t position = 0;
  std::optional<domain::Timestamp> instant;  ///< by the write store's clock; nothing before the first projection
};

/// One event of the read model.
struct EventRow {
  domain::TrackingEventId tracking_event_id;
  domain::PartnerId partner_id;
  std::string partner_name;
  domain::PartnerSystemId partner_system_id;
  std::string partner_system_name;
  std::string event_id;
  std::string event_name;
  domain::Timestamp event_timestamp;
  std::optional<std::string> user_id;
  std::optional<std::string> anonymous_id;
  bool is_valid = true;
  bool is_unjudged = false;  ///< never together with is_valid
  std::optional<int> schema_version;
  std::string validation_errors;  ///< JSON array of {pointer, keyword, message, schemaPointer}
  std::string properties;         ///< JSON object, the text that was sent
  std::string correlation_id;
  domain::Timestamp created_at;
  std::int64_t position = 0;
  std::int64_t judged_in =
      0;  ///< the batch with its newest judgement; 0 while the first verdict stands. Not for readers
};

/// A place in a list that is ordered by (event_timestamp, tracking_event_id).
struct EventKey {
  domain::Timestamp event_timestamp;
  domain::TrackingEventId tracking_event_id;
};

struct EventQuery {
  domain::PartnerId partner;  ///< without whose system the answer is empty
  domain::PartnerSystemId system;
  std::optional<std::string> event_name;
  std::optional<domain::Timestamp> from;  ///< inclusive
  std::optional<domain::Timestamp> to;    ///< exclusive
  std::optional<std::string> user_id;
  std::optional<std::string> anonymous_id;
  std::optional<bool> is_valid;
  bool descending = true;
  int limit = 100;                ///< 1 to 1,000
  std::optional<EventKey> after;  ///< the last row of the page before
};

struct EventPage {
  std::vector<EventRow> items;
  bool more = false;  ///< rows are left behind the last item
  Freshness as_of;
};

struct EventFound {
  std::optional<EventRow> event;
  Freshness as_of;
};

/// The read store's questions. Thread-safe; blocks. kUnavailable when the store is away or too slow.
class EventReader {
 public:
  virtual ~EventReader() = default;

  /// Up to `limit` rows, fewer when their properties would exceed the page's byte limit (but one at least).
  virtual domain::Result<EventPage> Find(const EventQuery& query) = 0;
  /// About how many events fit: by the hourly roll-up, so that the hours in which the range begins and ends count
  /// whole. Of the filters, those of users are left out, and so are order, limit and place.
  virtual domain::Result<std::int64_t> Estimate(const EventQuery& query) = 0;
  /// Nothing for an event of another partner.
  virtual domain::Result<EventFound> Get(domain::PartnerId partner, domain::TrackingEventId id) = 0;
  /// Whose event it is; nothing when there is none.
  virtual domain::Result<std::optional<domain::PartnerId>> PartnerOf(domain::TrackingEventId id) = 0;
};

}  // namespace volcanion::application
