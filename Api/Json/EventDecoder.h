#pragma once

#include "Application/Commands/IngestEvents.h"
#include "Domain/Result.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace volcanion::api {

struct EventLimits {
  std::size_t max_event_bytes = 1024 * 1024;  ///< of one event's text
  std::size_t max_batch_events = 1'000;
};

/// Reads one event. Never fails as a whole: what cannot be read keeps its bytes and says why. `text` is borrowed.
application::IncomingEvent DecodeEvent(std::string_view text, const EventLimits& limits);

/// Reads {"events": [...]}. An error concerns the request as a whole; each event's faults stay with it.
domain::Result<std::vector<application::IncomingEvent>> DecodeBatch(std::string_view text, const EventLimits& limits);

/// Reads application/x-ndjson: one event a line, blank lines skipped.
domain::Result<std::vector<application::IncomingEvent>> DecodeLines(std::string_view text, const EventLimits& limits);

}  // namespace volcanion::api
