#pragma once

#include <optional>
#include <string_view>

namespace volcanion::domain {

/// What a member may do within a partner.
enum class Role {
  kAnalyst,  ///< reads
  kAdmin,    ///< reads and manages
};

/// "analyst" and "admin".
std::string_view ToString(Role role);
std::optional<Role> ParseRole(std::string_view text);

}  // namespace volcanion::domain
