#pragma once

#include "Api/Middleware/QueryReader.h"
#include "Application/Queries/FindEvents.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::api {

/// Reads the parameters that choose events: filters and time. Faults are noted in `parameters`, which the caller
/// finishes. A user that `query` has already is not asked for by a parameter.
///
/// A property is named behind `property.`: members of members by dots (`property.address.city`), or by a JSON Pointer
/// (`property./items/0/sku`). What follows the name says how it compares: `=`, `!=`, `>`, `>=`, `<` or `<=`.
void ReadEventFilters(QueryReader& parameters, application::EventQuery& query);

/// Likewise, with order, limit and cursor.
void ReadEventQuestion(QueryReader& parameters, application::FindEvents& question);

/// Adds the condition that `parameter`, with `name` behind its `property.`, puts on a property, or notes what is wrong.
void ReadPropertyFilter(QueryReader& parameters, const std::string& parameter, const std::string& name,
                        const std::string& value, std::vector<application::PropertyFilter>& filters);

/// The path of a member that is named so; nothing for what names none.
std::optional<std::vector<std::string>> ReadMemberPath(std::string_view name);

}  // namespace volcanion::api
