#include "Infrastructure/JsonSchema/Comparison/TypeSet.h"

#include "Infrastructure/JsonSchema/Decimal.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <string_view>
#include <vector>

namespace volcanion::infrastructure {
namespace {

TypeSet NamedType(std::string_view name, Draft draft) {
  if (name == "null") return kNullType;
  if (name == "boolean") return kBooleanType;
  if (name == "integer") return draft == Draft::k4 ? kPlainIntegers : kIntegerTypes;
  if (name == "number") return kNumberTypes;
  if (name == "string") return kStringType;
  if (name == "array") return kArrayType;
  return name == "object" ? kObjectType : 0;
}

}  // namespace

TypeSet NamedTypes(const JsonValue& type, Draft draft) {
  if (!type.IsArray()) return NamedType(type.text(), draft);
  TypeSet types = 0;
  for (const JsonValue& name : type.elements()) types |= NamedType(name.text(), draft);
  return types;
}

TypeSet TypesOf(const JsonValue& value) {
  switch (value.type()) {
    case JsonType::kNull:
      return kNullType;
    case JsonType::kBoolean:
      return kBooleanType;
    case JsonType::kNumber:
      return Decimal(value.text()).IsInteger() ? kIntegerTypes : kFractions;
    case JsonType::kString:
      return kStringType;
    case JsonType::kArray:
      return kArrayType;
    case JsonType::kObject:
      break;
  }
  return kObjectType;
}

std::string InWords(TypeSet types) {
  if (types == kEveryType) return "anything";
  std::vector<std::string_view> words;
  if (types & kObjectType) words.push_back("an object");
  if (types & kArrayType) words.push_back("an array");
  if (types & kStringType) words.push_back("a string");
  if (types & kFractions) {
    words.push_back("a number");
  } else if (types & kNumberTypes) {
    words.push_back("an integer");
  }
  if (types & kBooleanType) words.push_back("a boolean");
  if (types & kNullType) words.push_back("null");
  return words.empty() ? "nothing" : Alternatives(words);
}

}  // namespace volcanion::infrastructure
