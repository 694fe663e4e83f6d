#include "Infrastructure/JsonSchema/Comparison/SchemaInclusion.h"

#include "Infrastructure/JsonSchema/Comparison/Membership.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <utility>

namespace volcanion::infrastructure {
namespace {

constexpr int kMaxChoices = 3;
constexpr std::size_t kMaxChanges = 100;
constexpr std::size_t kMaxPointerBytes = 1000;  // names may be as long as the schema

/// Keywords that are read together are asked about at the first of them.
bool IsFirstOf(const SchemaPlace& place, std::string_view keyword, std::initializer_list<std::string_view> together) {
  for (const JsonMember& member : place.value->members()) {
    if (std::find(together.begin(), together.end(), member.name.text()) == together.end()) continue;
    return member.name.text() == keyword;
  }
  return false;
}

}  // namespace

bool SchemaInclusion::Run(const ComparedSchema& taken, const ComparedSchema& asking) {
  const std::size_t before = changes_.size();
  const SchemaPlace root{&asking, &asking.root()};
  bool holds = false;
  if (taken.draft() == asking.draft() && Equal(taken.root(), asking.root())) return true;
  if (taken.IsBeyondComparison() || asking.IsBeyondComparison()) {
    Report(root, {"not_compared",
                  "cannot be compared: a value has to go round in a circle, through too many schemas, or into one of "
                  "another draft"});
  } else {
    holds = Holds(Conjunction({{&taken, &taken.root()}}), root) && !work_.gave_up();
  }
  if (work_.gave_up()) {
    // Named first: what follows is what was found by then.
    const std::size_t found = changes_.size();
    Report(root, {"not_compared", "cannot be compared: that would take too many steps"});
    if (changes_.size() > found)
      std::rotate(changes_.begin() + static_cast<std::ptrdiff_t>(before), changes_.end() - 1, changes_.end());
  }
  if (!holds && changes_.size() == before) Report(root, {"not_compared", "cannot be compared"});
  return holds;
}

bool SchemaInclusion::HoldsWithin(const Conjunction& taken, const SchemaPlace& asking) {
  ++level_;
  const bool holds = Holds(taken, asking);
  --level_;
  return holds;
}

bool SchemaInclusion::HoldsQuietly(const Conjunction& taken, const SchemaPlace& asking) {
  ++quiet_;
  const bool holds = Holds(taken, asking);
  --quiet_;
  return holds;
}

bool SchemaInclusion::HoldsQuietlyWithin(const Conjunction& taken, const SchemaPlace& asking) {
  ++level_;
  const bool holds = HoldsQuietly(taken, asking);
  --level_;
  return holds;
}

bool SchemaInclusion::Holds(const Conjunction& taken, const SchemaPlace& asking_place) {
  const ComparisonWork::Descent descent(work_);
  if (!work_.Spend(1 + taken.places().size())) return false;
  const SchemaPlace asking = asking_place.Resolved();
  if (taken.impossible() || asking.IsTrivial() || taken.Has(asking)) return true;
  Question question{{taken.places().begin(), taken.places().end()}, asking};
  if (shown_.contains(question)) return true;
  if ((IsQuiet() && failed_.contains(question)) || reported_.contains(question)) return false;
  if (const auto open = open_.find(question); open != open_.end()) {
    if (level_ > open->second) return true;
    return Report(asking, {"not_compared", "cannot be compared: it refers to itself"});
  }
  const auto open = open_.emplace(question, level_).first;
  const std::size_t shown_before = shown_in_order_.size();
  const bool holds = AnswerAnew(taken, asking) && !work_.gave_up();
  open_.erase(open);
  if (holds) {
    const auto [entry, added] = shown_.insert(std::move(question));
    if (added) shown_in_order_.push_back(entry);
    return true;
  }
  // What was shown meanwhile may rest on the assumption that this holds.
  for (; shown_in_order_.size() > shown_before; shown_in_order_.pop_back()) shown_.erase(shown_in_order_.back());
  (IsQuiet() ? failed_ : reported_).insert(std::move(question));
  return false;
}

bool SchemaInclusion::AnswerAnew(const Conjunction& taken, const SchemaPlace& asking) {
  const Facts facts = FactsOf(taken);
  if (facts.NoValue()) return true;
  if (asking.value->IsFalse()) {
    if (TakesNothing(taken)) return true;
    return Report(asking, {"nothing_allowed", IsBackward() ? "nothing is allowed here any more"
                                                           : "something is allowed here now; nothing was before"});
  }
  bool holds = true;
  for (const JsonMember& keyword : asking.value->members()) {
    if (FindKeyword(keyword.name.text(), asking.schema->draft()) == nullptr) continue;
    holds = KeywordHolds(taken, facts, asking, keyword) && holds;
    if (work_.gave_up() || (!holds && IsQuiet())) return false;
  }
  return holds;
}

bool SchemaInclusion::KeywordHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                   const JsonMember& keyword) {
  const std::size_t reported = changes_.size();
  if (FollowsDirectly(taken, facts, asking, keyword)) return true;
  if (work_.gave_up() || keyword.name.text() == "allOf") return false;  // its parts have been tried like this
  bool holds = keyword.name.text() != "enum" && facts.values &&
               std::all_of(facts.values->begin(), facts.values->end(), [&](const JsonValue* value) {
                 return FitsKeyword(*value, asking, keyword, work_) == Fits::kYes;
               });
  holds = holds || IsContradictory(taken) || HoldsForEachChoice(taken, facts, asking, keyword);
  if (holds && changes_.size() > reported) {
    changes_.resize(reported);
    reported_.clear();
  }
  return holds;
}

bool SchemaInclusion::FollowsDirectly(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                      const JsonMember& keyword) {
  const std::string_view name = keyword.name.text();
  const JsonValue& value = keyword.value;
  const KeywordShape shape = FindKeyword(name, asking.schema->draft())->shape;
  if (name == "type") return TypeHolds(facts, asking, NamedTypes(value, asking.schema->draft()));
  if (name == "enum") return ValuesHold(facts, asking, name, value.elements());
  if (name == "const") return ValuesHold(facts, asking, name, {&value, 1});
  if (shape == KeywordShape::kNumber) return LimitHolds(facts, asking, name, value);
  if (shape == KeywordShape::kCount) return CountHolds(facts, asking, name, value);
  if (name == "multipleOf") return MultipleHolds(facts, asking, value);
  if (name == "pattern" || name == "format") return TextHolds(facts, asking, name, value);
  if (name == "required") return RequiredHolds(taken, facts, asking, value);
  if (name == "propertyNames") return NamesHold(taken, facts, asking, value);
  if (name == "dependencies") return DependenciesHold(taken, facts, asking, value);
  if (name == "properties" || name == "patternProperties" || name == "additionalProperties") {
    return !IsFirstOf(asking, name, {"properties", "patternProperties", "additionalProperties"}) ||
           MembersHold(taken, facts, asking);
  }
  if (name == "items" || name == "additionalItems") {
    return !IsFirstOf(asking, name, {"items", "additionalItems"}) || ElementsHold(taken, facts, asking);
  }
  if (name == "contains") return ContainsHolds(taken, facts, asking, value);
  if (name == "uniqueItems") {
    if (!value.IsTrue() || (facts.types & kArrayType) == 0 || facts.unique_items || facts.items.max <= 1) return true;
    return Report(asking, Words(name, std::nullopt, "true"));
  }
  if (name == "allOf") {
    bool holds = true;
    for (const JsonValue& schema : value.elements()) {
      holds = Holds(taken, asking.At(schema)) && holds;
      if (!holds && IsQuiet()) break;
    }
    return holds;
  }
  if (name == "anyOf") return AnyHolds(taken, facts, asking, value);
  if (name == "oneOf") return OneHolds(taken, facts, asking, value);
  if (name == "not") return NotHolds(taken, asking, value);
  if (name == "if") return ConditionHolds(taken, asking);
  return true;  // `then` and `else` are read with `if`; `definitions`, `exclusiveMinimum` of draft 4 ask for nothing
}

/// The conjunction's own alternatives are gone through; for alternatives that are asked for, its types too.
bool SchemaInclusion::HoldsForEachChoice(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                         const JsonMember& keyword) {
  if (choices_ >= kMaxChoices) return false;
  std::vector<Conjunction::Choice> choices = taken.Choices();
  const KeywordShape shape = FindKeyword(keyword.name.text(), asking.schema->draft())->shape;
  if (shape == KeywordShape::kSchemaList || shape == KeywordShape::kSchema) {
    Conjunction::Choice types{&literals_.root(), {}};
    for (const JsonValue& type : literals_.root().Find("types")->elements()) {
      const TypeSet bits = NamedTypes(*type.Find("type"), Draft::k7);
      if ((facts.types & bits) == facts.types) types.alternatives.clear();
      if ((facts.types & bits) == facts.types) break;
      if ((facts.types & bits) != 0) types.alternatives.push_back({SchemaPlace{&literals_, &type}});
    }
    if (types.alternatives.size() > 1) choices.push_back(std::move(types));
  }
  ++choices_;
  ++quiet_;
  const bool holds = std::any_of(choices.begin(), choices.end(), [&](const Conjunction::Choice& choice) {
    for (std::size_t i = 0; i < choice.alternatives.size(); ++i) {
      const Conjunction chosen = taken.Choose(choice, i);
      const Facts more = FactsOf(chosen);
      if (work_.gave_up()) return false;
      if (!more.NoValue() && !KeywordHolds(chosen, more, asking, keyword)) return false;
    }
    return true;
  });
  --quiet_;
  --choices_;
  return holds;
}

/// Whether it is certain that no value is let through.
bool SchemaInclusion::TakesNothing(const Conjunction& taken) {
  if (FactsOf(taken).NoValue() || IsContradictory(taken)) return true;
  if (choices_ >= kMaxChoices) return false;
  ++choices_;
  const std::vector<Conjunction::Choice> choices = taken.Choices();
  const bool nothing = std::any_of(choices.begin(), choices.end(), [&](const Conjunction::Choice& choice) {
    for (std::size_t i = 0; i < choice.alternatives.size(); ++i) {
      if (work_.gave_up() || !TakesNothing(taken.Choose(choice, i))) return false;
    }
    return true;
  });
  --choices_;
  return nothing;
}

/// Whether what is excluded follows from the rest.
bool SchemaInclusion::IsContradictory(const Conjunction& taken) {
  const auto places = taken.places();
  return std::any_of(places.begin(), places.end(),
                     [&](const SchemaPlace& place) { return place.negated && HoldsQuietly(taken, place.Opposite()); });
}

bool SchemaInclusion::Report(const SchemaPlace& where, ChangeWords words) {
  if (IsQuiet()) return false;
  std::string pointer = Cut(where.Pointer(), kMaxPointerBytes);
  std::string message = pointer.empty() ? std::move(words.message) : pointer + ": " + words.message;
  std::size_t of_this_kind = 0;
  for (const application::SchemaChange& change : changes_) {
    if (change.breaks != breaks_) continue;
    // A schema that is referred to from several places is asked about from each.
    if (++of_this_kind >= kMaxChanges || (change.message == message && change.code == words.code)) return false;
  }
  changes_.push_back({breaks_, std::move(pointer), std::move(words.code), std::move(message)});
  return false;
}

}  // namespace volcanion::infrastructure
