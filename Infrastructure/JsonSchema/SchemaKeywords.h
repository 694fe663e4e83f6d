#pragma once

#include "Domain/JsonPointer.h"
#include "Infrastructure/JsonSchema/JsonValue.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

enum class Draft { k4, k6, k7 };

std::string_view NameOf(Draft draft);

/// A schema is refused with at most so many reasons.
constexpr std::size_t kMaxFaults = 20;

/// What the value of a keyword must be.
enum class KeywordShape {
  kSchema,
  kSchemaOrBoolean,   ///< a schema, or a boolean even where booleans are no schemas
  kSchemaList,        ///< an array of at least one schema
  kSchemaMap,         ///< an object of schemas
  kPatternSchemaMap,  ///< the same, its names being patterns
  kItems,             ///< a schema or an array of schemas
  kDependencies,      ///< an object of schemas and arrays of names
  kCount,             ///< an integer of at least 0
  kNumber,
  kPositiveNumber,
  kBoolean,
  kNames,  ///< an array of strings
  kTypes,  ///< a type's name, or an array of them
  kValues,
  kAnything,
  kPattern,
  kText,
};

struct Keyword {
  std::string_view name;
  KeywordShape shape;
  Draft since;
  Draft until;
};

/// The keyword of that name in that draft, or null when it means nothing there.
const Keyword* FindKeyword(std::string_view name, Draft draft);

/// Whether a value may stand where a schema is asked for.
inline bool CanBeSchema(const JsonValue& value, Draft draft) {
  return value.IsObject() || (value.IsBoolean() && draft != Draft::k4);
}

/// The text of `$ref` where the schema is a reference, beside which nothing else counts; else null.
inline const JsonValue* ReferenceOf(const JsonValue& schema) {
  if (!schema.IsObject()) return nullptr;
  const JsonValue* reference = schema.Find("$ref");
  return reference != nullptr && reference->IsString() ? reference : nullptr;
}

/// Calls visit(child, pointer_suffix) for each schema that stands directly in the schema, in the order of its members.
template <typename Visit>
void ForEachSubschema(const JsonValue& schema, Draft draft, const Visit& visit) {
  if (!schema.IsObject() || ReferenceOf(schema) != nullptr) return;
  for (const JsonMember& member : schema.members()) {
    const Keyword* keyword = FindKeyword(member.name.text(), draft);
    if (keyword == nullptr) continue;
    const JsonValue& value = member.value;
    std::string at;
    domain::AppendPointerToken(keyword->name, at);
    switch (keyword->shape) {
      case KeywordShape::kSchema:
      case KeywordShape::kSchemaOrBoolean:
      case KeywordShape::kSchemaList:
      case KeywordShape::kItems:
        if (value.IsArray()) {
          std::size_t index = 0;
          for (const JsonValue& element : value.elements()) visit(element, at + "/" + std::to_string(index++));
        } else {
          visit(value, at);
        }
        break;
      case KeywordShape::kSchemaMap:
      case KeywordShape::kPatternSchemaMap:
      case KeywordShape::kDependencies:
        if (!value.IsObject()) break;
        for (const JsonMember& entry : value.members()) {
          if (entry.value.IsArray()) continue;  // the names a dependency asks for
          std::string below = at;
          domain::AppendPointerToken(entry.name.text(), below);
          visit(entry.value, below);
        }
        break;
      default:
        break;
    }
  }
}

}  // namespace volcanion::infrastructure
