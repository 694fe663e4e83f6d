#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"
#include "Domain/Violation.h"

#include <cstddef>
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

enum class Comparison { kEqual, kNotEqual, kLess, kAtMost, kGreater, kAtLeast };

/// What a member of the properties is to be. A value that is a number of JSON is compared with numbers, by their value;
/// any text with strings, by code points; for equality, `true`, `false` and `null` with their names, and a number's
/// text with strings, too. kNotEqual is all that kEqual is not: also events without the member.
struct PropertyFilter {
  std::vector<std::string> path;  ///< names of members and indexes of arrays, from the top; without U+0000
  Comparison comparison = Comparison::kEqual;
  std::string value;  ///< without U+0000

  bool operator==(const PropertyFilter&) const = default;
};

inline constexpr std::size_t kMaxPropertyFilters = 10;

struct EventQuery {
  domain::PartnerId partner;                     ///< without whose systems the answer is empty
  std::vector<domain::PartnerSystemId> systems;  ///< whose events; those of none are none
  bool is_of_all_systems = false;                ///< when `systems` are all of the partner's
  std::optional<std::string> event_name;
  std::optional<domain::Timestamp> from;  ///< inclusive
  std::optional<domain::Timestamp> to;    ///< exclusive
  std::optional<std::string> user_id;
  std::optional<std::string> anonymous_id;
  std::optional<std::string> correlation_id;
  std::optional<bool> is_valid;
  std::optional<domain::Verdict::Outcome> verdict;
  std::optional<std::string> violation_keyword;  ///< one violation has this keyword,
  std::optional<std::string> violation_pointer;  ///< and this pointer
  std::vector<PropertyFilter> properties;        ///< all of them hold; at most kMaxPropertyFilters
  bool descending = true;
  int limit = 100;                ///< 1 to 1,000
  std::optional<EventKey> after;  ///< `next` of the page before
};

struct EventPage {
  std::vector<EventRow> items;
  /// What the next page begins behind; nothing on the last one. The last item, or a place behind it up to which nothing
  /// else fits.
  std::optional<EventKey> next;
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

  /// Up to `limit` rows; fewer when their properties would exceed the page's byte limit (but one at least), or when
  /// many events were looked at that do not fit: possibly none, and yet a `next`.
  virtual domain::Result<EventPage> Find(const EventQuery& query) = 0;
  /// About how many events of each system fit, in the order of the query's systems: by the roll-ups, so that the
  /// quarters of an hour in which the range begins and ends count whole. Of the filters, those of name, time and
  /// verdict count; order, limit and place do not.
  virtual domain::Result<std::vector<std::int64_t>> CountBySystem(const EventQuery& query) = 0;
  /// Nothing for an event of another partner.
  virtual domain::Result<EventFound> Get(domain::PartnerId partner, domain::TrackingEventId id) = 0;
  /// Whose event it is; nothing when there is none.
  virtual domain::Result<std::optional<domain::PartnerId>> PartnerOf(domain::TrackingEventId id) = 0;
};

}  // namespace volcanion::application
