#pragma once

#include "Application/Ports/EventReader.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// Events of one name from one system that no structure has judged.
struct UnknownEvents {
  std::string event_name;
  domain::PartnerSystemId system;
  std::int64_t events = 0;
  domain::Timestamp first_seen;  ///< by the time of receipt
  domain::Timestamp last_seen;
};

/// A place in a list of them, which is in this order.
struct UnknownEventsKey {
  std::string event_name;
  domain::PartnerSystemId system;
};

struct UnknownEventsPage {
  std::vector<UnknownEvents> items;
  bool more = false;
  Freshness as_of;
};

/// Which stored events a schema is to be suggested from: the newest.
struct SampleQuery {
  domain::PartnerId partner;
  std::vector<domain::PartnerSystemId> systems;
  std::string event_name;
  int limit = 1'000;
};

/// Thread-safe; blocks. kUnavailable when the read store is away or too slow.
class UnknownEventReader {
 public:
  virtual ~UnknownEventReader() = default;

  virtual domain::Result<UnknownEventsPage> List(domain::PartnerId partner,
                                                 const std::optional<UnknownEventsKey>& after, int limit) = 0;
  /// Hands the properties of events to `take`, the newest by their own time first: up to `limit`, fewer when they would
  /// exceed the reader's byte limit (but one at least).
  virtual domain::Result<domain::Done> Sample(const SampleQuery& query,
                                              const std::function<void(std::string_view)>& take) = 0;
};

}  // namespace volcanion::application
