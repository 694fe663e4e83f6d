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

/// Whether If-None-Match names that tag, weak or strong, or any (RFC 9110, 13.1.2).
bool IsKnownTo(const Headers& headers, std::string_view tag);

/// The answer with the entity tag of the thing that it shows; a 304 instead where a GET says that it knows that one.
/// The revision is to change with everything that the answer says.
Response Tagged(const Request& request, Response response, std::string_view thing, int revision);

}  // namespace volcanion::api
