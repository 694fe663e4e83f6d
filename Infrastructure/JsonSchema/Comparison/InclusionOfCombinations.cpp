#include "Infrastructure/JsonSchema/Comparison/SchemaInclusion.h"

#include <algorithm>

/// What SchemaInclusion asks about anyOf, oneOf, not and if.
namespace volcanion::infrastructure {

bool SchemaInclusion::AnyHolds(const Conjunction& taken, const Facts&, const SchemaPlace& asking,
                               const JsonValue& schemas) {
  const auto elements = schemas.elements();
  if (elements.size() == 1) return Holds(taken, asking.At(elements.front()));
  if (std::any_of(elements.begin(), elements.end(),
                  [&](const JsonValue& schema) { return HoldsQuietly(taken, asking.At(schema)); })) {
    return true;
  }
  if (IsQuiet() || work_.gave_up()) return false;
  ExplainAlternatives(taken, asking, "anyOf", schemas);
  return false;
}

bool SchemaInclusion::OneHolds(const Conjunction& taken, const Facts&, const SchemaPlace& asking,
                               const JsonValue& schemas) {
  const auto elements = schemas.elements();
  if (elements.size() == 1) return Holds(taken, asking.At(elements.front()));
  if (OneOfSame(taken, asking, schemas)) return true;
  for (const JsonValue& schema : elements) {
    if (work_.gave_up()) return false;
    if (!HoldsQuietly(taken, asking.At(schema))) continue;
    const bool alone = std::all_of(elements.begin(), elements.end(), [&](const JsonValue& other) {
      return &other == &schema || TakesNothing(taken.With(asking.At(other)));
    });
    if (alone) return true;
  }
  if (IsQuiet() || work_.gave_up()) return false;
  ExplainAlternatives(taken, asking, "oneOf", schemas);
  return false;
}

/// Whether one `oneOf` has the same alternatives, in whatever order.
bool SchemaInclusion::OneOfSame(const Conjunction& taken, const SchemaPlace& asking, const JsonValue& schemas) {
  for (const SchemaPlace& place : taken.places()) {
    const JsonValue* own = place.negated ? nullptr : place.Find("oneOf");
    if (own == nullptr || own->size() != schemas.size()) continue;
    std::vector<bool> used(own->size(), false);
    const auto is_same = [&](std::size_t index, const JsonValue& schema) {
      const SchemaPlace mine = place.At(own->elements()[index]);
      return !used[index] && HoldsQuietly(Conjunction({mine}), asking.At(schema)) &&
             HoldsQuietly(Conjunction({asking.At(schema)}), mine);
    };
    std::size_t position = 0;
    const bool same = std::all_of(schemas.elements().begin(), schemas.elements().end(), [&](const JsonValue& schema) {
      // Most often it is where it was.
      std::size_t index = position++;
      for (std::size_t tried = 0; tried < used.size(); ++tried, index = (index + 1) % used.size()) {
        if (work_.gave_up()) return false;
        if (!is_same(index, schema)) continue;
        used[index] = true;
        return true;
      }
      return false;
    });
    if (same) return true;
  }
  return false;
}

/// Says which alternatives are not covered. Where both sides have as many, each is held against the one in its place.
void SchemaInclusion::ExplainAlternatives(const Conjunction& taken, const SchemaPlace& asking, std::string_view keyword,
                                          const JsonValue& schemas) {
  const std::size_t before = changes_.size();
  for (const Conjunction::Choice& choice : taken.Choices()) {
    if (choice.origin->size() != schemas.size() || !choice.origin->IsArray()) continue;
    for (std::size_t i = 0; i < choice.alternatives.size(); ++i) {
      const Conjunction chosen = taken.Choose(choice, i);
      const auto elements = schemas.elements();
      if (std::any_of(elements.begin(), elements.end(),
                      [&](const JsonValue& schema) { return HoldsQuietly(chosen, asking.At(schema)); })) {
        continue;
      }
      Holds(chosen, asking.At(elements[i]));
    }
    break;
  }
  if (changes_.size() > before) return;
  const std::string name(keyword);
  if (keyword == "oneOf") {
    Report(asking, {"one_of_changed",
                    "cannot be compared: oneOf changed, and it is not certain that exactly one of its "
                    "alternatives fits what was valid"});
    if (!IsBackward() && changes_.size() > before) {
      changes_.back().message =
          changes_.back().message.replace(changes_.back().message.rfind("was valid"), 9, "is valid now");
    }
    return;
  }
  Report(asking,
         {"any_of_changed", IsBackward() ? "cannot be compared: anyOf changed, and it is not certain that one of its "
                                           "alternatives fits whatever was valid"
                                         : "cannot be compared: anyOf changed, and it is not certain that one of its "
                                           "old alternatives fits whatever is valid now"});
}

bool SchemaInclusion::NotHolds(const Conjunction& taken, const SchemaPlace& asking, const JsonValue& schema) {
  const SchemaPlace excluded = asking.At(schema);
  if (TakesNothing(taken.With(excluded))) return true;
  return Report(asking, IsBackward() ? ChangeWords{"not_widened", "not excludes more, or cannot be compared"}
                                     : ChangeWords{"not_narrowed", "not excludes less, or cannot be compared"});
}

bool SchemaInclusion::ConditionHolds(const Conjunction& taken, const SchemaPlace& asking) {
  const SchemaPlace condition = asking.At(*asking.Find("if"));
  bool holds = true;
  if (const JsonValue* schema = asking.Find("then")) holds = Holds(taken.With(condition), asking.At(*schema));
  if (!holds && IsQuiet()) return false;
  if (const JsonValue* schema = asking.Find("else")) {
    holds = Holds(taken.With(condition.Opposite()), asking.At(*schema)) && holds;
  }
  return holds;
}

}  // namespace volcanion::infrastructure
