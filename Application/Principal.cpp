#include "Application/Principal.h"

namespace volcanion::application {

bool Principal::BelongsTo(domain::PartnerId partner) const {
  return RoleIn(partner).has_value() || (service && service->partner == partner);
}

std::optional<domain::Role> Principal::RoleIn(domain::PartnerId partner) const {
  for (const auto& membership : memberships) {
    if (membership.partner == partner) return membership.role;
  }
  return std::nullopt;
}

}  // namespace volcanion::application
