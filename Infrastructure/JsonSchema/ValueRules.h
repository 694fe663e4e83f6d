#pragma once

#include "Infrastructure/JsonSchema/JsonValue.h"
#include "Infrastructure/JsonSchema/Rule.h"

#include <memory>
#include <span>
#include <string_view>

namespace volcanion::infrastructure {

// The values and numbers given here belong to the schema's document, which must outlive the rules.

/// `enum`, and `const` with one value.
std::unique_ptr<Rule> MakeEnumRule(std::string_view keyword, std::span<const JsonValue> values);

enum class Bound { kMinimum, kMaximum, kExclusiveMinimum, kExclusiveMaximum };

/// Compares exactly, however large or precise the numbers are.
std::unique_ptr<Rule> MakeBoundRule(std::string_view keyword, Bound bound, const JsonValue& limit);

/// Exact too; null when the divisor has more digits than Decimal can divide by.
std::unique_ptr<Rule> MakeMultipleOfRule(const JsonValue& divisor);

}  // namespace volcanion::infrastructure
