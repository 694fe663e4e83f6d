#pragma once

#include "Infrastructure/JsonSchema/JsonValue.h"
#include "Infrastructure/JsonSchema/SchemaKeywords.h"
#include "Infrastructure/JsonSchema/Valijson.h"

#include <string_view>

namespace volcanion::infrastructure {

/// What `type` can ask for.
using NamedType = valijson::constraints::TypeConstraint::JsonType;

/// Since draft 6, 1.0 is an integer.
bool IsOfType(const JsonValue& value, NamedType type, Draft draft);

/// "a string", "an integer", ...
std::string_view WithArticle(NamedType type);

}  // namespace volcanion::infrastructure
