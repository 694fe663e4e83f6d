#include "Infrastructure/JsonSchema/Comparison/Conjunction.h"

#include <algorithm>
#include <set>
#include <utility>

namespace volcanion::infrastructure {

Conjunction::Conjunction(std::vector<SchemaPlace> places) {
  std::set<SchemaPlace> seen;
  while (!places.empty()) {
    const SchemaPlace place = places.back().Resolved();
    places.pop_back();
    if (place.value->IsBoolean() || place.schema->IsTrivial(*place.value)) {
      impossible_ = impossible_ || place.value->IsFalse() != place.negated;
      continue;
    }
    if (!seen.insert(place).second) continue;
    if (place.negated) {
      const JsonMember* only = place.schema->OnlyKeyword(*place.value);
      if (only != nullptr && only->name.text() == "not") places.push_back(place.At(only->value));
      continue;
    }
    if (const JsonValue* all = place.Find("allOf")) {
      for (const JsonValue& schema : all->elements()) places.push_back(place.At(schema));
    }
    if (const JsonValue* excluded = place.Find("not")) places.push_back(place.At(*excluded).Opposite());
  }
  places_.assign(seen.begin(), seen.end());
}

Conjunction Conjunction::With(std::span<const SchemaPlace> more) const {
  std::vector<SchemaPlace> places(places_);
  places.insert(places.end(), more.begin(), more.end());
  Conjunction both(std::move(places));
  both.impossible_ = both.impossible_ || impossible_;
  both.chosen_ = chosen_;
  return both;
}

bool Conjunction::Has(const SchemaPlace& resolved) const {
  return std::binary_search(places_.begin(), places_.end(), resolved);
}

Conjunction Conjunction::Member(std::string_view name, ComparisonWork& work) const {
  std::vector<SchemaPlace> schemas;
  for (const SchemaPlace& place : places_) {
    if (!place.negated) AppendSchemasOfMember(place, name, work, schemas);
  }
  return Conjunction(std::move(schemas));
}

Conjunction Conjunction::Element(std::size_t index) const {
  std::vector<SchemaPlace> schemas;
  for (const SchemaPlace& place : places_) {
    if (!place.negated) AppendSchemaOfElement(place, index, schemas);
  }
  return Conjunction(std::move(schemas));
}

std::vector<SchemaPlace> Conjunction::Under(std::string_view keyword) const {
  std::vector<SchemaPlace> schemas;
  for (const SchemaPlace& place : places_) {
    const JsonValue* schema = place.negated ? nullptr : place.Find(keyword);
    if (schema != nullptr) schemas.push_back(place.At(*schema));
  }
  return schemas;
}

std::vector<Conjunction::Choice> Conjunction::Choices() const {
  std::vector<Choice> choices;
  const auto is_open = [this](const JsonValue* origin) {
    return origin != nullptr && std::find(chosen_.begin(), chosen_.end(), origin) == chosen_.end();
  };
  for (const SchemaPlace& place : places_) {
    if (place.negated) continue;
    for (const std::string_view keyword : {"anyOf", "oneOf"}) {
      const JsonValue* schemas = place.Find(keyword);
      if (!is_open(schemas)) continue;
      Choice& choice = choices.emplace_back(Choice{schemas, {}});
      for (const JsonValue& schema : schemas->elements()) choice.alternatives.push_back({place.At(schema)});
    }
    const JsonValue* condition = place.Find("if");
    if (!is_open(condition)) continue;
    std::vector<SchemaPlace> met{place.At(*condition)};
    std::vector<SchemaPlace> unmet{place.At(*condition).Opposite()};
    if (const JsonValue* schema = place.Find("then")) met.push_back(place.At(*schema));
    if (const JsonValue* schema = place.Find("else")) unmet.push_back(place.At(*schema));
    choices.push_back({condition, {std::move(met), std::move(unmet)}});
  }
  return choices;
}

Conjunction Conjunction::Choose(const Choice& choice, std::size_t alternative) const {
  Conjunction chosen = With(choice.alternatives[alternative]);
  chosen.chosen_.push_back(choice.origin);
  return chosen;
}

}  // namespace volcanion::infrastructure
