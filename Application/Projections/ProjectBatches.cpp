#include "Application/Projections/ProjectBatches.h"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace volcanion::application {

ReadRows ProjectBatches(const std::vector<const StoredBatch*>& batches) {
  using Kind = std::tuple<domain::PartnerSystemId, domain::Timestamp, std::string_view, bool>;
  std::map<Kind, EventCount> counts;
  ReadRows rows;
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) {
      rows.events.push_back(&event);
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
  }
  rows.counts.reserve(counts.size());
  for (auto& [kind, count] : counts) rows.counts.push_back(std::move(count));
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
