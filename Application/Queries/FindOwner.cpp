#include "Application/Queries/FindOwner.h"

#include <utility>

namespace volcanion::application {

domain::Result<std::optional<domain::PartnerId>> FindOwner::OfSystem(domain::PartnerSystemId id,
                                                                     const Principal& asker) {
  if (const auto directory = directory_.Current(); const auto* system = directory->FindSystem(id)) {
    if (asker.is_platform_admin || asker.BelongsTo(system->partner)) return std::optional(system->partner);
  }
  // Another process may have registered it a moment ago.
  if (auto refreshed = directory_.Refresh(); !refreshed) return std::move(refreshed).error();
  const auto directory = directory_.Current();
  const auto* system = directory->FindSystem(id);
  return system == nullptr ? std::nullopt : std::optional(system->partner);
}

domain::Result<std::optional<domain::PartnerId>> FindOwner::OfEvent(domain::TrackingEventId id) {
  return reader_.PartnerOf(id);
}

}  // namespace volcanion::application
