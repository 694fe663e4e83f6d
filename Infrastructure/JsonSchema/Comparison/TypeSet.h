#pragma once

#include "Infrastructure/JsonSchema/JsonValue.h"
#include "Infrastructure/JsonSchema/SchemaKeywords.h"

#include <cstdint>
#include <string>

namespace volcanion::infrastructure {

/// Types of values, as bits. Numbers are of three kinds, because `integer` of draft 4 takes 1 and not 1.0, and later
/// drafts take both.
using TypeSet = std::uint8_t;

inline constexpr TypeSet kNullType = 1;
inline constexpr TypeSet kBooleanType = 2;
inline constexpr TypeSet kPlainIntegers = 4;    ///< 1
inline constexpr TypeSet kWrittenIntegers = 8;  ///< 1.0 and 10e-1
inline constexpr TypeSet kFractions = 16;       ///< 1.5
inline constexpr TypeSet kStringType = 32;
inline constexpr TypeSet kArrayType = 64;
inline constexpr TypeSet kObjectType = 128;
inline constexpr TypeSet kIntegerTypes = kPlainIntegers | kWrittenIntegers;
inline constexpr TypeSet kNumberTypes = kIntegerTypes | kFractions;
inline constexpr TypeSet kEveryType = 255;

/// What the value of the keyword `type` lets through.
TypeSet NamedTypes(const JsonValue& type, Draft draft);

/// The types of all texts that are equal to the value: 1 may be written 1.0.
TypeSet TypesOf(const JsonValue& value);

/// "a string or null".
std::string InWords(TypeSet types);

}  // namespace volcanion::infrastructure
