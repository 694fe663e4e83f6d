#include "Infrastructure/JsonSchema/SchemaKeywords.h"

#include <algorithm>
#include <iterator>

namespace volcanion::infrastructure {
namespace {

using enum KeywordShape;

// Ordered by name, and by draft where a keyword has changed its shape.
constexpr Keyword kKeywords[] = {
    {"additionalItems", kSchemaOrBoolean, Draft::k4, Draft::k7},
    {"additionalProperties", kSchemaOrBoolean, Draft::k4, Draft::k7},
    {"allOf", kSchemaList, Draft::k4, Draft::k7},
    {"anyOf", kSchemaList, Draft::k4, Draft::k7},
    {"const", kAnything, Draft::k6, Draft::k7},
    {"contains", kSchema, Draft::k6, Draft::k7},
    {"definitions", kSchemaMap, Draft::k4, Draft::k7},
    {"dependencies", kDependencies, Draft::k4, Draft::k7},
    {"else", kSchema, Draft::k7, Draft::k7},
    {"enum", kValues, Draft::k4, Draft::k7},
    {"exclusiveMaximum", kBoolean, Draft::k4, Draft::k4},
    {"exclusiveMaximum", kNumber, Draft::k6, Draft::k7},
    {"exclusiveMinimum", kBoolean, Draft::k4, Draft::k4},
    {"exclusiveMinimum", kNumber, Draft::k6, Draft::k7},
    {"format", kText, Draft::k4, Draft::k7},
    {"if", kSchema, Draft::k7, Draft::k7},
    {"items", kItems, Draft::k4, Draft::k7},
    {"maxItems", kCount, Draft::k4, Draft::k7},
    {"maxLength", kCount, Draft::k4, Draft::k7},
    {"maxProperties", kCount, Draft::k4, Draft::k7},
    {"maximum", kNumber, Draft::k4, Draft::k7},
    {"minItems", kCount, Draft::k4, Draft::k7},
    {"minLength", kCount, Draft::k4, Draft::k7},
    {"minProperties", kCount, Draft::k4, Draft::k7},
    {"minimum", kNumber, Draft::k4, Draft::k7},
    {"multipleOf", kPositiveNumber, Draft::k4, Draft::k7},
    {"not", kSchema, Draft::k4, Draft::k7},
    {"oneOf", kSchemaList, Draft::k4, Draft::k7},
    {"pattern", kPattern, Draft::k4, Draft::k7},
    {"patternProperties", kPatternSchemaMap, Draft::k4, Draft::k7},
    {"properties", kSchemaMap, Draft::k4, Draft::k7},
    {"propertyNames", kSchema, Draft::k6, Draft::k7},
    {"required", kNames, Draft::k4, Draft::k7},
    {"then", kSchema, Draft::k7, Draft::k7},
    {"type", kTypes, Draft::k4, Draft::k7},
    {"uniqueItems", kBoolean, Draft::k4, Draft::k7},
};

}  // namespace

std::string_view NameOf(Draft draft) {
  switch (draft) {
    case Draft::k4:
      return "draft 4";
    case Draft::k6:
      return "draft 6";
    case Draft::k7:
      break;
  }
  return "draft 7";
}

const Keyword* FindKeyword(std::string_view name, Draft draft) {
  const Keyword* found =
      std::lower_bound(std::begin(kKeywords), std::end(kKeywords), name,
                       [](const Keyword& keyword, std::string_view wanted) { return keyword.name < wanted; });
  for (; found != std::end(kKeywords) && found->name == name; ++found) {
    if (found->since <= draft && draft <= found->until) return found;
  }
  return nullptr;
}

}  // namespace volcanion::infrastructure
