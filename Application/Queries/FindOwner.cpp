#include "Application/Queries/FindOwner.h"

#include <utility>

namespace volcanion::application {

std::optional<domain::PartnerId> FindOwner::KnownOfSystem(domain::PartnerSystemId id, const Principal& asker) const {
  const auto directory = directory_.Current();
  const auto* system = directory->FindSystem(id);
  const bool is_told = system != nullptr && (asker.is_platform_admin || asker.BelongsTo(system->partner));
  return is_told ? std::optional(system->partner) : std::nullopt;
}

domain::Result<std::optional<domain::PartnerId>> FindOwner::OfSystem(domain::PartnerSystemId id,
                                                                     const Principal& asker) {
  if (const auto known = KnownOfSystem(id, asker)) return known;
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
