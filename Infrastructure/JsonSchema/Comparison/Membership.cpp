#include "Infrastructure/JsonSchema/Comparison/Membership.h"

#include "Infrastructure/JsonSchema/Comparison/TypeSet.h"
#include "Infrastructure/JsonSchema/Decimal.h"
#include "Infrastructure/JsonSchema/Format.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace volcanion::infrastructure {
namespace {

constexpr std::uint32_t kMaxPairedItems = 100;

Fits When(bool fits) { return fits ? Fits::kYes : Fits::kNo; }

Fits OppositeOf(Fits fits) { return fits == Fits::kUnknown ? fits : When(fits == Fits::kNo); }

/// kYes where all are, kNo where one is.
template <typename Range, typename Ask>
Fits All(const Range& range, const Ask& ask) {
  Fits fits = Fits::kYes;
  for (const auto& entry : range) {
    fits = std::min(fits, ask(entry));
    if (fits == Fits::kNo) break;
  }
  return fits;
}

template <typename Range, typename Ask>
Fits Any(const Range& range, const Ask& ask) {
  return OppositeOf(All(range, [&](const auto& entry) { return OppositeOf(ask(entry)); }));
}

Fits FitsType(const JsonValue& value, TypeSet allowed) {
  const TypeSet types = TypesOf(value);
  if ((types & allowed) == 0) return Fits::kNo;
  return (types & ~allowed) == 0 ? Fits::kYes : Fits::kUnknown;
}

Fits FitsValues(const JsonValue& value, std::span<const JsonValue> allowed, ComparisonWork& work) {
  if (!work.Spend(allowed.size() / 4 + 1)) return Fits::kUnknown;
  return When(std::any_of(allowed.begin(), allowed.end(), [&](const JsonValue& one) { return Equal(one, value); }));
}

Fits FitsNumber(const Decimal& value, std::string_view keyword, const JsonValue& limit, const SchemaPlace& place) {
  if (limit.IsBoolean()) return Fits::kYes;  // draft 4: belongs to minimum or maximum
  const Decimal bound(limit.text());
  if (keyword == "multipleOf") return When(value.IsMultipleOf(bound));
  if (keyword == "exclusiveMinimum") return When(value > bound);
  if (keyword == "exclusiveMaximum") return When(value < bound);
  const bool minimum = keyword == "minimum";
  const JsonValue* exclusive = place.Find(minimum ? "exclusiveMinimum" : "exclusiveMaximum");
  if (exclusive != nullptr && exclusive->IsTrue() && value == bound) return Fits::kNo;
  return When(minimum ? value >= bound : value <= bound);
}

Fits FitsString(std::string_view text, std::string_view keyword, const JsonValue& asked, ComparisonWork& work) {
  if (keyword == "minLength") return When(CountCharacters(text) >= CountIn(asked));
  if (keyword == "maxLength") return When(CountCharacters(text) <= CountIn(asked));
  if (keyword == "pattern") return When(work.Matches(asked.text(), text));
  const std::optional<Format> format = FormatNamed(asked.text());
  return When(!format || HasFormat(*format, text));
}

Fits HasUniqueItems(const JsonValue& array, ComparisonWork& work) {
  if (array.size() > kMaxPairedItems || !work.Spend(Weight(array) * array.size())) return Fits::kUnknown;
  const auto elements = array.elements();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    for (std::size_t j = i + 1; j < elements.size(); ++j) {
      if (Equal(elements[i], elements[j])) return Fits::kNo;
    }
  }
  return Fits::kYes;
}

Fits FitsArray(const JsonValue& array, const SchemaPlace& place, const JsonMember& keyword, ComparisonWork& work) {
  const std::string_view name = keyword.name.text();
  if (name == "minItems") return When(array.size() >= CountIn(keyword.value));
  if (name == "maxItems") return When(array.size() <= CountIn(keyword.value));
  if (name == "uniqueItems") return keyword.value.IsTrue() ? HasUniqueItems(array, work) : Fits::kYes;
  if (name == "contains") {
    return Any(array.elements(),
               [&](const JsonValue& element) { return FitsSchema(element, place.At(keyword.value), work); });
  }
  std::size_t index = 0;
  return All(array.elements(), [&](const JsonValue& element) {
    std::vector<SchemaPlace> schemas;
    AppendSchemaOfElement(place, index++, schemas);
    return All(schemas, [&](const SchemaPlace& schema) { return FitsSchema(element, schema, work); });
  });
}

Fits HasNames(const JsonValue& object, const JsonValue& names) {
  return All(names.elements(), [&](const JsonValue& name) { return When(object.Find(name.text()) != nullptr); });
}

Fits FitsObject(const JsonValue& object, const SchemaPlace& place, const JsonMember& keyword, ComparisonWork& work) {
  const std::string_view name = keyword.name.text();
  if (name == "minProperties") return When(object.size() >= CountIn(keyword.value));
  if (name == "maxProperties") return When(object.size() <= CountIn(keyword.value));
  if (name == "required") return HasNames(object, keyword.value);
  if (name == "propertyNames") {
    return All(object.members(),
               [&](const JsonMember& member) { return FitsSchema(member.name, place.At(keyword.value), work); });
  }
  if (name == "dependencies") {
    return All(keyword.value.members(), [&](const JsonMember& entry) {
      if (object.Find(entry.name.text()) == nullptr) return Fits::kYes;
      return entry.value.IsArray() ? HasNames(object, entry.value) : FitsSchema(object, place.At(entry.value), work);
    });
  }
  return All(object.members(), [&](const JsonMember& member) {
    std::vector<SchemaPlace> schemas;
    AppendSchemasOfMember(place, member.name.text(), work, schemas);
    return All(schemas, [&](const SchemaPlace& schema) { return FitsSchema(member.value, schema, work); });
  });
}

Fits FitsExactlyOne(const JsonValue& value, const SchemaPlace& place, const JsonValue& schemas, ComparisonWork& work) {
  std::size_t certain = 0;
  std::size_t possible = 0;
  for (const JsonValue& schema : schemas.elements()) {
    const Fits fits = FitsSchema(value, place.At(schema), work);
    if (fits != Fits::kNo) ++possible;
    if (fits == Fits::kYes) ++certain;
  }
  if (certain > 1 || possible == 0) return Fits::kNo;
  return certain == 1 && possible == 1 ? Fits::kYes : Fits::kUnknown;
}

Fits FitsCondition(const JsonValue& value, const SchemaPlace& place, ComparisonWork& work) {
  const auto fits = [&](const char* keyword) {
    const JsonValue* schema = place.Find(keyword);
    return schema == nullptr ? Fits::kYes : FitsSchema(value, place.At(*schema), work);
  };
  if (place.Find("if") == nullptr) return Fits::kYes;
  const Fits condition = fits("if");
  if (condition == Fits::kYes) return fits("then");
  if (condition == Fits::kNo) return fits("else");
  const Fits either = fits("then");
  return either == fits("else") ? either : Fits::kUnknown;
}

}  // namespace

Fits FitsSchema(const JsonValue& value, const SchemaPlace& place, ComparisonWork& work) {
  const ComparisonWork::Descent descent(work);
  if (!work.Spend(1)) return Fits::kUnknown;
  const SchemaPlace schema = place.Resolved();
  if (schema.negated) return OppositeOf(FitsSchema(value, schema.Opposite(), work));
  if (schema.value->IsBoolean()) return When(schema.value->IsTrue());
  return All(schema.value->members(),
             [&](const JsonMember& keyword) { return FitsKeyword(value, schema, keyword, work); });
}

Fits FitsKeyword(const JsonValue& value, const SchemaPlace& place, const JsonMember& keyword, ComparisonWork& work) {
  const Keyword* known = FindKeyword(keyword.name.text(), place.schema->draft());
  if (known == nullptr || known->name == "definitions") return Fits::kYes;
  if (!work.Spend(1 + (value.IsString() || value.IsNumber() ? value.size() / 16 : 0))) return Fits::kUnknown;
  const JsonValue& asked = keyword.value;
  const auto fits = [&](const JsonValue& schema) { return FitsSchema(value, place.At(schema), work); };
  if (known->name == "type") return FitsType(value, NamedTypes(asked, place.schema->draft()));
  if (known->name == "enum") return FitsValues(value, asked.elements(), work);
  if (known->name == "const") return FitsValues(value, {&asked, 1}, work);
  if (known->name == "allOf") return All(asked.elements(), fits);
  if (known->name == "anyOf") return Any(asked.elements(), fits);
  if (known->name == "oneOf") return FitsExactlyOne(value, place, asked, work);
  if (known->name == "not") return OppositeOf(fits(asked));
  if (known->name == "if" || known->name == "then" || known->name == "else") return FitsCondition(value, place, work);

  static constexpr std::string_view kOfStrings[] = {"minLength", "maxLength", "pattern", "format"};
  static constexpr std::string_view kOfNumbers[] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                                                    "multipleOf"};
  static constexpr std::string_view kOfArrays[] = {"items",    "additionalItems", "contains",
                                                   "minItems", "maxItems",        "uniqueItems"};
  const auto among = [&](const auto& names) { return std::find(std::begin(names), std::end(names), known->name); };
  if (among(kOfStrings) != std::end(kOfStrings)) {
    return value.IsString() ? FitsString(value.text(), known->name, asked, work) : Fits::kYes;
  }
  if (among(kOfNumbers) != std::end(kOfNumbers)) {
    return value.IsNumber() ? FitsNumber(Decimal(value.text()), known->name, asked, place) : Fits::kYes;
  }
  if (among(kOfArrays) != std::end(kOfArrays)) {
    return value.IsArray() ? FitsArray(value, place, keyword, work) : Fits::kYes;
  }
  return value.IsObject() ? FitsObject(value, place, keyword, work) : Fits::kYes;
}

}  // namespace volcanion::infrastructure
