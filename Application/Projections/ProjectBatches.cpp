#include "Application/Projections/ProjectBatches.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace volcanion::application {
namespace {

using EventKind = std::tuple<domain::PartnerSystemId, domain::Timestamp, std::string_view, bool>;
using UnknownKind = std::tuple<domain::PartnerId, std::string_view, domain::PartnerSystemId>;

void Add(const EventRow& event, std::map<EventKind, EventCount>& counts) {
  const domain::Timestamp hour = std::chrono::floor<std::chrono::hours>(event.event_timestamp);
  auto& count = counts[{event.partner_system_id, hour, event.event_name, event.is_valid}];
  if (count.events++ == 0) {
    count.hour = hour;
    count.partner = event.partner_id;
    count.system = event.partner_system_id;
    count.event_name = event.event_name;
    count.is_valid = event.is_valid;
  }
  if (event.is_unjudged) ++count.unjudged;
}

void Add(const EventRow& event, std::map<UnknownKind, UnknownCount>& unknown) {
  auto& count = unknown[{event.partner_id, event.event_name, event.partner_system_id}];
  if (count.events++ == 0) {
    count.partner = event.partner_id;
    count.event_name = event.event_name;
    count.system = event.partner_system_id;
    count.first_seen = count.last_seen = event.created_at;
  }
  count.first_seen = std::min(count.first_seen, event.created_at);
  count.last_seen = std::max(count.last_seen, event.created_at);
}

/// In the order of the keys.
template <typename Kind, typename Count>
std::vector<Count> ValuesOf(std::map<Kind, Count>&& counts) {
  std::vector<Count> values;
  values.reserve(counts.size());
  for (auto& [kind, count] : counts) values.push_back(std::move(count));
  return values;
}

}  // namespace

ReadRows ProjectBatches(const std::vector<const StoredBatch*>& batches) {
  std::map<EventKind, EventCount> counts;
  std::map<UnknownKind, UnknownCount> unknown;
  ReadRows rows;
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) {
      rows.events.push_back(&event);
      Add(event, counts);
      if (!event.schema_version) Add(event, unknown);
    }
  }
  rows.counts = ValuesOf(std::move(counts));
  rows.unknown = ValuesOf(std::move(unknown));
  return rows;
}

void AddVerdictChanges(std::vector<EventCount>& counts, std::span<const VerdictChange> changes) {
  using Kind = std::tuple<domain::PartnerSystemId, domain::Timestamp, std::string, bool>;
  std::map<Kind, EventCount> sums;
  const auto add = [&sums](const EventCount& count) {
    const auto [sum, is_new] = sums.try_emplace({count.system, count.hour, count.event_name, count.is_valid}, count);
    if (is_new) return;
    sum->second.events += count.events;
    sum->second.unjudged += count.unjudged;
  };
  if (changes.empty()) return;
  for (const auto& count : counts) add(count);
  for (const auto& change : changes) {
    const domain::Timestamp hour = std::chrono::floor<std::chrono::hours>(change.event_timestamp);
    add({hour, change.partner, change.system, change.event_name, change.was_valid, -1, change.was_unjudged ? -1 : 0});
    add({hour, change.partner, change.system, change.event_name, change.is_valid, 1, change.is_unjudged ? 1 : 0});
  }
  counts.clear();
  for (auto& [kind, sum] : sums) {
    if (sum.events != 0 || sum.unjudged != 0) counts.push_back(std::move(sum));
  }
}

}  // namespace volcanion::application
