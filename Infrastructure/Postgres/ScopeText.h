#pragma once

#include "Domain/Scope.h"

#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// Scopes as a column holds them: "events:read structures:write".
std::string TextOf(const domain::Scopes& scopes);
/// What no version of this program knows grants nothing.
domain::Scopes ScopesFromColumn(std::string_view text);

}  // namespace volcanion::infrastructure
