#include "Domain/Role.h"

namespace volcanion::domain {

std::string_view ToString(Role role) { return role == Role::kAdmin ? "admin" : "analyst"; }

std::optional<Role> ParseRole(std::string_view text) {
  for (const auto role : {Role::kAnalyst, Role::kAdmin}) {
    if (text == ToString(role)) return role;
  }
  return std::nullopt;
}

}  // namespace volcanion::domain
