#include "Application/Projections/ProjectBatches.h"

#include <chrono>
#include <map>
#include <string_view>
#include <tuple>

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

}  // namespace volcanion::application
