#include "Infrastructure/JsonSchema/Comparison/SchemaInclusion.h"

#include <algorithm>

/// What SchemaInclusion asks about anyOf, oneOf, not and if.
namespace volcanion::infrastructure {

bool SchemaInclusion::AnyHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                               const JsonValue& schemas) {
  const auto elements = schemas.elements();
  if (elements.size() == 1) return Holds(taken, asking.At(elements.front()));
  if (std::any_of(elements.begin(), elements.end(),
                  [&](const JsonValue& schema) { return HoldsQuietly(taken, asking.At(schema)); })) {
    return true;
  }
  if (IsQuiet() || work_.gave_up()) return false;
  ExplainAlternatives(taken, facts, asking, "anyOf", schemas);
  return false;
}

bool SchemaInclusion::OneHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
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
  ExplainAlternatives(taken, facts, asking, "oneOf", schemas);
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
void SchemaInclusion::ExplainAlternatives(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                          std::string_view keyword, const JsonValue& schemas) {
  const auto elements = schemas.elements();
  TypeSet allowed = 0;
  for (const JsonValue& schema : elements) allowed |= FactsOf(Conjunction({asking.At(schema)})).types;
  if (!TypeHolds(facts, asking, allowed)) return;

  const std::size_t before = changes_.size();
  for (const Conjunction::Choice& choice : taken.Choices()) {
    if (!choice.origin->IsArray()) continue;  // a condition
    for (std::size_t i = 0; i < choice.alternatives.size(); ++i) {
      const Conjunction chosen = taken.Choose(choice, i);
      if (std::any_of(elements.begin(), elements.end(),
                      [&](const JsonValue& schema) { return HoldsQuietly(chosen, asking.At(schema)); })) {
        continue;
      }
      if (choice.alternatives.size() == elements.size()) {
        Holds(chosen, asking.At(elements[i]));
      } else {
        Report(choice.alternatives[i].front(),
               IsBackward()
                   ? ChangeWords{"alternative_removed", "what fits this alternative may fit none any more"}
                   : ChangeWords{"alternative_added", "what fits this alternative may have fitted none before"});
      }
    }
    break;
  }
  if (changes_.size() > before || work_.gave_up()) return;
  const std::string how_many = keyword == "oneOf" ? "exactly one" : "one";
  Report(asking, {keyword == "oneOf" ? "one_of_changed" : "any_of_changed",
                  "cannot be compared: it is not certain that " + how_many + " alternative of " + std::string(keyword) +
                      (IsBackward() ? " fits whatever was valid before" : " fitted whatever is valid now")});
}

bool SchemaInclusion::NotHolds(const Conjunction& taken, const SchemaPlace& asking, const JsonValue& schema) {
  const SchemaPlace excluded = asking.At(schema);
  if (TakesNothing(taken.With(excluded))) return true;
  return Report(asking, {"exclusion_changed",
                         IsBackward() ? "cannot be compared: not may exclude something that was valid before"
                                      : "cannot be compared: not may have excluded something that is valid now"});
}

bool SchemaInclusion::ConditionHolds(const Conjunction& taken, const SchemaPlace& asking) {
  const SchemaPlace condition = asking.At(*asking.Find("if"));
  bool holds = true;
  if (const JsonValue* schema = asking.Find("then")) {
    holds = Holds(Settled(taken.With(condition)), asking.At(*schema));
  }
  if (!holds && IsQuiet()) return false;
  if (const JsonValue* schema = asking.Find("else")) {
    holds = Holds(Settled(taken.With(condition.Opposite())), asking.At(*schema)) && holds;
  }
  return holds;
}

/// Where all but one of a choice's alternatives are impossible, that one is chosen: under the same condition, what the
/// other schema asks under it is known.
Conjunction SchemaInclusion::Settled(Conjunction taken) {
  for (const Conjunction::Choice& choice : taken.Choices()) {
    std::vector<std::size_t> possible;
    for (std::size_t i = 0; i < choice.alternatives.size() && possible.size() < 2; ++i) {
      if (!TakesNothing(taken.Choose(choice, i))) possible.push_back(i);
    }
    if (possible.size() == 1) taken = taken.Choose(choice, possible.front());
  }
  return taken;
}

}  // namespace volcanion::infrastructure
