#pragma once

#include "Api/Http/Message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::api {

/// The strong entity tag (RFC 9110, 8.8.3) of a thing in that revision. `thing` tells it from all others: its id, or
/// what it is addressed by.
std::string EntityTag(std::string_view thing, int revision);

/// The revisions of that thing that If-Match names (RFC 9110, 13.1.1); nothing without it, or when any will do. What is
/// no tag of ours, and the tag of another thing, matches nothing.
std::optional<std::vector<int>> ReadIfMatch(const Headers& headers, std::string_view thing);

}  // namespace volcanion::api
