#include "Infrastructure/JsonSchema/NamedType.h"

#include "Infrastructure/JsonSchema/Decimal.h"
#include "Infrastructure/JsonSchema/Wording.h"

namespace volcanion::infrastructure {
namespace {

bool IsInteger(const JsonValue& number, Draft draft) {
  if (number.SmallInteger()) return true;
  if (draft == Draft::k4) return number.text().find_first_of(".eE") == std::string_view::npos;
  return Decimal(number.text()).IsInteger();
}

}  // namespace

bool IsOfType(const JsonValue& value, NamedType type, Draft draft) {
  switch (type) {
    case NamedType::kAny:
      return true;
    case NamedType::kArray:
      return value.IsArray();
    case NamedType::kBoolean:
      return value.IsBoolean();
    case NamedType::kInteger:
      return value.IsNumber() && IsInteger(value, draft);
    case NamedType::kNull:
      return value.IsNull();
    case NamedType::kNumber:
      return value.IsNumber();
    case NamedType::kObject:
      return value.IsObject();
    case NamedType::kString:
      return value.IsString();
  }
  return false;
}

std::string_view WithArticle(NamedType type) {
  switch (type) {
    case NamedType::kAny:
      return "anything";
    case NamedType::kArray:
      return WithArticle(JsonType::kArray);
    case NamedType::kBoolean:
      return WithArticle(JsonType::kBoolean);
    case NamedType::kInteger:
      return "an integer";
    case NamedType::kNull:
      return WithArticle(JsonType::kNull);
    case NamedType::kNumber:
      return WithArticle(JsonType::kNumber);
    case NamedType::kObject:
      return WithArticle(JsonType::kObject);
    case NamedType::kString:
      break;
  }
  return WithArticle(JsonType::kString);
}

}  // namespace volcanion::infrastructure
