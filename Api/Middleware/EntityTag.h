#pragma once

#include "Api/Http/Message.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::api {

/// The strong entity tag (RFC 9110, 8.8.3) of a thing in that revision.
std::string EntityTag(int revision);

/// The revisions that If-Match names (RFC 9110, 13.1.1); nothing without it, or when any will do. What is no tag of
/// ours matches nothing.
std::optional<std::vector<int>> ReadIfMatch(const Headers& headers);

}  // namespace volcanion::api
