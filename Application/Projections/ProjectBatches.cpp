#include "Application/Projections/ProjectBatches.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace volcanion::application {
namespace {

using UnknownKind = std::tuple<domain::PartnerId, std::string_view, domain::PartnerSystemId>;

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

}  // namespace

ReadRows ProjectBatches(const std::vector<const StoredBatch*>& batches) {
  std::map<UnknownKind, UnknownCount> unknown;
  ReadRows rows;
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) {
      rows.events.push_back(&event);
      if (!event.schema_version) Add(event, unknown);
    }
  }
  rows.unknown.reserve(unknown.size());
  for (auto& [kind, count] : unknown) rows.unknown.push_back(std::move(count));
  return rows;
}

}  // namespace volcanion::application
