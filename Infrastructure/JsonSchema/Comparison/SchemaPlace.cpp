#include "Infrastructure/JsonSchema/Comparison/SchemaPlace.h"

#include "Infrastructure/JsonSchema/Decimal.h"

#include <cstdlib>

namespace volcanion::infrastructure {

void AppendSchemasOfMember(const SchemaPlace& place, std::string_view name, ComparisonWork& work,
                           std::vector<SchemaPlace>& out) {
  const ObjectKeywords keywords(place);
  bool described = false;
  work.Spend(1);
  if (keywords.properties != nullptr) {
    if (const JsonValue* schema = keywords.properties->Find(name)) {
      described = true;
      out.push_back(place.At(*schema));
    }
  }
  if (keywords.patterns != nullptr) {
    for (const JsonMember& entry : keywords.patterns->members()) {
      if (work.gave_up()) return;
      if (!work.Matches(entry.name.text(), name)) continue;
      described = true;
      out.push_back(place.At(entry.value));
    }
  }
  if (!described && keywords.others != nullptr) out.push_back(place.At(*keywords.others));
}

void AppendSchemaOfElement(const SchemaPlace& place, std::size_t index, std::vector<SchemaPlace>& out) {
  const JsonValue* items = place.Find("items");
  if (items == nullptr) return;
  if (!items->IsArray()) {
    out.push_back(place.At(*items));
  } else if (index < items->size()) {
    out.push_back(place.At(items->elements()[index]));
  } else if (const JsonValue* others = place.Find("additionalItems")) {
    out.push_back(place.At(*others));
  }
}

std::size_t ListedItems(const SchemaPlace& place) {
  const JsonValue* items = place.Find("items");
  return items != nullptr && items->IsArray() ? items->size() : 0;
}

std::uint64_t CountIn(const JsonValue& number) {
  static constexpr std::uint64_t kBeyond = 1'000'000'000'000'000;
  if (Decimal(number.text()) >= Decimal("1000000000000000")) return kBeyond;
  return static_cast<std::uint64_t>(std::strtod(std::string(number.text()).c_str(), nullptr));
}

}  // namespace volcanion::infrastructure
