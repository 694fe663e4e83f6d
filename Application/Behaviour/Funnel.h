#pragma once

#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace volcanion::application {

struct FunnelEvent {
  std::uint32_t person;
  std::uint32_t steps;  ///< that it can be: the lowest bit stands for the first
  domain::Timestamp time;
  domain::TrackingEventId id;
};

struct FunnelRule {
  std::size_t steps = 2;
  domain::Timestamp from;  ///< of the first step; inclusive
  domain::Timestamp to;    ///< of the first step; exclusive
  std::chrono::microseconds window{};
};

struct FunnelStep {
  std::int64_t people = 0;  ///< who got so far
  /// Of those who did; nothing for the first step, and when nobody did.
  std::optional<double> median_seconds_from_previous;
  std::optional<double> median_seconds_from_first;
};

/// How far people get.
///
/// An attempt begins with an event of the first step within the range. Each further step is the first event of it
/// behind the one before, in the order of (time, id), not later than `window` after the first; one event is one step. A
/// person counts by the attempt that got furthest, and of several such by the earliest; so do the times.
std::vector<FunnelStep> MeasureFunnel(std::vector<FunnelEvent> events, const FunnelRule& rule);

}  // namespace volcanion::application
