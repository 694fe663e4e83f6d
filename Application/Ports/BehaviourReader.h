#pragma once

#include "Application/Ports/EventReader.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// Who did it: what an event says, and nothing else. An event without that id is nobody's.
enum class Identity { kUserId, kAnonymousId };

/// Events of a name whose properties are as they should be.
struct EventMatch {
  std::string event_name;
  std::vector<PropertyFilter> properties = {};
};

inline constexpr std::size_t kMaxEventMatches = 10;

struct ActionQuery {
  std::vector<domain::PartnerSystemId> systems;  ///< whose events
  std::optional<domain::Timestamp> from;         ///< inclusive
  std::optional<domain::Timestamp> to;           ///< exclusive
  Identity identity = Identity::kUserId;
  /// At most kMaxEventMatches, with kMaxPropertyFilters on properties in all: events that fit none are left out.
  /// Without any, all fit.
  std::vector<EventMatch> matches = {};
  std::optional<std::string> person = {};  ///< this one's alone, in the order of time
};

/// An event, as far as it tells who did what when.
struct Action {
  std::string_view person;
  domain::Timestamp time;
  domain::TrackingEventId id;
  std::uint32_t matches = 0;  ///< the lowest bit stands for the first match
};

/// A calendar's periods: days, or weeks that begin on Monday, in a time zone of the IANA's names.
struct Calendar {
  bool by_week = false;
  std::string time_zone = "UTC";
};

struct PresenceQuery {
  std::vector<domain::PartnerSystemId> systems;
  domain::Timestamp from;  ///< inclusive
  domain::Timestamp to;    ///< exclusive
  Identity identity = Identity::kUserId;
  std::optional<std::string> event_name = {};
  Calendar calendar;
};

/// That somebody did something in a period: by its first day, in days since 1970-01-01.
struct Presence {
  std::string_view person;
  int period = 0;
  domain::Timestamp time;
};

/// What the read store shows of a partner at one instant. Its functions throw what only the BehaviourReader catches.
class BehaviourPicture {
 public:
  virtual ~BehaviourPicture() = default;

  /// Calls `take` for each event until that says false; in no order unless it is one person's.
  virtual void EachAction(const ActionQuery& query, const std::function<bool(const Action&)>& take) = 0;
  /// Those whose first event of all, or the first of that name, is in the range, with its period and time.
  virtual void EachFirst(const PresenceQuery& query, const std::function<bool(const Presence&)>& take) = 0;
  /// Each person and period with such an event in the range, once, with the time of the last of these.
  virtual void EachPresence(const PresenceQuery& query, const std::function<bool(const Presence&)>& take) = 0;
  /// The period of an instant; nothing when there is no such time zone. Nothing can be asked after that.
  virtual std::optional<int> PeriodOf(domain::Timestamp time, const Calendar& calendar) = 0;
};

/// Looks through the events of a partner. Thread-safe; blocks.
class BehaviourReader {
 public:
  virtual ~BehaviourReader() = default;

  /// Shows `look` the events of the partner, and gives back what it returns. kUnavailable when the store
  /// is away or too slow, and soon after `stop` stops; kTooLarge when it would take too much of the store.
  virtual domain::Result<domain::Done> Look(
      std::string_view name, domain::PartnerId partner, const std::stop_token& stop,
      const std::function<domain::Result<domain::Done>(BehaviourPicture&)>& look) = 0;
};

}  // namespace volcanion::application
