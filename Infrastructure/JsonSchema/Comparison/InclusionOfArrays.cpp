#include "Infrastructure/JsonSchema/Comparison/SchemaInclusion.h"

#include <algorithm>

/// What SchemaInclusion asks about arrays.
namespace volcanion::infrastructure {

bool SchemaInclusion::ElementsHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking) {
  if ((facts.types & kArrayType) == 0) return true;
  std::size_t listed = ListedItems(asking);
  for (const SchemaPlace& place : taken.places()) {
    if (!place.negated) listed = std::max(listed, ListedItems(place));
  }
  bool holds = true;
  // The last index stands for all that are not listed.
  for (std::size_t index = 0; index <= listed && index < facts.items.max; ++index) {
    if (!work_.Spend(1) || (!holds && IsQuiet())) return false;
    std::vector<SchemaPlace> asked;
    AppendSchemaOfElement(asking, index, asked);
    const Conjunction element = taken.Element(index);
    if (element.impossible()) break;  // no array is that long
    if (asked.empty()) continue;
    if (!asked.front().Resolved().value->IsFalse()) {
      holds = HoldsWithin(element, asked.front()) && holds;
      continue;
    }
    ++level_;
    const bool never_there = TakesNothing(element);
    --level_;
    if (never_there) break;
    const std::string many =
        index == 0 ? "items" : "more than " + std::to_string(index) + (index == 1 ? " item" : " items");
    return Report(asking, IsBackward()
                              ? ChangeWords{"items_closed", many + (index == 1 ? " is" : " are") + " no longer allowed"}
                              : ChangeWords{"items_opened", many + (index == 1 ? " is" : " are") + " allowed now"});
  }
  return holds;
}

bool SchemaInclusion::ContainsHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                    const JsonValue& schema) {
  if ((facts.types & kArrayType) == 0) return true;
  const SchemaPlace asked = asking.At(schema);
  // Whatever fits another `contains` is there; and so is an element, where there must be one.
  std::vector<SchemaPlace> everywhere;
  bool listed = false;
  for (const SchemaPlace& place : taken.places()) {
    const JsonValue* items = place.negated ? nullptr : place.Find("items");
    if (items == nullptr) continue;
    if (items->IsArray()) {
      listed = true;
    } else {
      everywhere.push_back(place.At(*items));
    }
  }
  const Conjunction element(everywhere);
  const std::vector<SchemaPlace> contained = taken.Under("contains");
  if (std::any_of(contained.begin(), contained.end(),
                  [&](const SchemaPlace& one) { return HoldsQuietlyWithin(element.With(one), asked); })) {
    return true;
  }
  if (facts.items.min > 0) {
    if (HoldsQuietlyWithin(element, asked)) return true;
    if (listed && HoldsQuietlyWithin(taken.Element(0), asked)) return true;
  }
  if (contained.size() == 1) return HoldsWithin(element.With(contained.front()), asked);
  return Report(asking,
                IsBackward()
                    ? ChangeWords{"contains_added", "contains added: an item must fit a schema that none had to fit"}
                    : ChangeWords{"contains_removed", "contains removed: no item has to fit its schema any more"});
}

}  // namespace volcanion::infrastructure
