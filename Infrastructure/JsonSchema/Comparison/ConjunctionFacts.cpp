#include "Infrastructure/JsonSchema/Comparison/ConjunctionFacts.h"

#include "Infrastructure/JsonSchema/Comparison/Membership.h"

#include <algorithm>
#include <utility>

namespace volcanion::infrastructure {
namespace {

// How deep alternatives, and members that must be there, are looked into.
constexpr int kMaxLevels = 3;

using Values = std::vector<const JsonValue*>;

class Collection {
 public:
  Collection(const Conjunction& conjunction, const ComparedSchema& literals, ComparisonWork& work, int level)
      : conjunction_(conjunction), literals_(literals), work_(work), level_(level) {}

  ConjunctionFacts Run() {
    if (conjunction_.impossible()) facts_.types = 0;
    for (const SchemaPlace& place : conjunction_.places()) {
      if (!work_.Spend(1 + (place.value->IsObject() ? place.value->size() : 0))) return facts_;
      if (place.negated) {
        Exclude(place);
      } else {
        for (const JsonMember& keyword : place.value->members()) Note(place, keyword);
      }
    }
    FollowDependencies();
    NoteSizes();
    TightenIntegers();
    DropContradictions();
    FinishValues();
    return std::move(facts_);
  }

 private:
  void Note(const SchemaPlace& place, const JsonMember& member) {
    const Keyword* known = FindKeyword(member.name.text(), place.schema->draft());
    if (known == nullptr) return;
    const std::string_view name = known->name;
    const JsonValue& value = member.value;
    if (name == "type") {
      facts_.types &= NamedTypes(value, place.schema->draft());
    } else if (name == "enum") {
      NoteValues(value.elements());
    } else if (name == "const") {
      NoteValues({&value, 1});
    } else if (name == "anyOf" || name == "oneOf") {
      NoteAlternatives(place, value);
    } else if (known->shape == KeywordShape::kNumber) {
      NoteLimit(place, name, value);
    } else if (name == "multipleOf") {
      facts_.divisors.push_back(&value);
      if (Decimal(value.text()).IsInteger()) facts_.types &= static_cast<TypeSet>(~kFractions);
    } else if (known->shape == KeywordShape::kCount) {
      NoteCount(name, CountIn(value));
    } else if (name == "pattern") {
      facts_.patterns.insert(value.text());
    } else if (name == "format") {
      facts_.formats.insert(value.text());
    } else if (name == "required") {
      work_.Spend(value.size());
      for (const JsonValue& required : value.elements()) facts_.required.insert(required.text());
    } else if (name == "uniqueItems") {
      facts_.unique_items = facts_.unique_items || value.IsTrue();
    }
  }

  void NoteValues(std::span<const JsonValue> values) {
    if (facts_.values && facts_.values->size() <= values.size()) return;
    if (!work_.Spend(values.size())) return;
    facts_.values.emplace();
    for (const JsonValue& value : values) facts_.values->push_back(&value);
  }

  void NoteAlternatives(const SchemaPlace& place, const JsonValue& schemas) {
    if (level_ >= kMaxLevels) return;
    TypeSet types = 0;
    std::optional<Values> values{std::in_place};
    for (const JsonValue& schema : schemas.elements()) {
      const ConjunctionFacts facts = About(Conjunction({place.At(schema)}));
      types |= facts.types;
      if (facts.NoValue() || !values) continue;
      if (!facts.values) {
        values.reset();
      } else {
        values->insert(values->end(), facts.values->begin(), facts.values->end());
      }
    }
    facts_.types &= types;
    if (values && (!facts_.values || values->size() < facts_.values->size())) facts_.values = std::move(values);
  }

  void NoteLimit(const SchemaPlace& place, std::string_view name, const JsonValue& value) {
    if (!value.IsNumber()) return;  // draft 4: read with minimum or maximum
    const bool lower = name == "minimum" || name == "exclusiveMinimum";
    const JsonValue* flag = place.Find(lower ? "exclusiveMinimum" : "exclusiveMaximum");
    const bool exclusive = name.starts_with("exclusive") || (flag != nullptr && flag->IsTrue());
    ConjunctionFacts::Limit limit{Decimal(value.text()), exclusive, std::string(value.text())};
    std::optional<ConjunctionFacts::Limit>& known = lower ? facts_.minimum : facts_.maximum;
    const bool tighter = !known || (lower ? limit.value > known->value : limit.value < known->value) ||
                         (limit.value == known->value && exclusive);
    if (tighter) known = std::move(limit);
  }

  void NoteCount(std::string_view name, std::uint64_t count) {
    const bool least = name.starts_with("min");
    ConjunctionFacts::Range& range = name.ends_with("Length")  ? facts_.length
                                     : name.ends_with("Items") ? facts_.items
                                                               : facts_.members;
    (least ? range.min : range.max) = least ? std::max(range.min, count) : std::min(range.max, count);
  }

  /// What is not of some types.
  void Exclude(const SchemaPlace& place) {
    const JsonMember* only = place.schema->OnlyKeyword(*place.value);
    if (only == nullptr || only->name.text() != "type") return;
    facts_.types &= static_cast<TypeSet>(~NamedTypes(only->value, place.schema->draft()));
  }

  /// A member that must be there may ask for others.
  void FollowDependencies() {
    if (facts_.required.empty()) return;
    for (bool more = true; more;) {
      more = false;
      for (const SchemaPlace& place : conjunction_.places()) {
        const JsonValue* dependencies = place.negated ? nullptr : place.Find("dependencies");
        if (dependencies == nullptr) continue;
        for (const JsonMember& entry : dependencies->members()) {
          if (!work_.Spend(1)) return;
          if (!entry.value.IsArray() || !facts_.required.contains(entry.name.text())) continue;
          for (const JsonValue& name : entry.value.elements()) {
            more = facts_.required.insert(name.text()).second || more;
          }
        }
      }
    }
  }

  void NoteSizes() {
    facts_.members.min = std::max<std::uint64_t>(facts_.members.min, facts_.required.size());
    for (const SchemaPlace& place : conjunction_.places()) {
      if (place.negated) continue;
      const ObjectKeywords keywords(place);
      if (keywords.patterns == nullptr && keywords.others != nullptr && keywords.others->IsFalse()) {
        const std::uint64_t named = keywords.properties == nullptr ? 0 : keywords.properties->size();
        facts_.members.max = std::min(facts_.members.max, named);
      }
      const JsonValue* items = place.Find("items");
      const JsonValue* others = place.Find("additionalItems");
      if (items != nullptr && items->IsArray() && others != nullptr && others->IsFalse()) {
        facts_.items.max = std::min<std::uint64_t>(facts_.items.max, items->size());
      }
      if (items != nullptr && items->IsFalse()) facts_.items.max = 0;
      if (place.Find("contains") != nullptr) facts_.items.min = std::max<std::uint64_t>(facts_.items.min, 1);
    }
  }

  /// Above 0 is at least 1 for an integer.
  void TightenIntegers() {
    if ((facts_.types & kFractions) != 0) return;
    const auto tighten = [](std::optional<ConjunctionFacts::Limit>& limit, std::int64_t step) {
      if (!limit || !limit->exclusive) return;
      const std::optional<std::int64_t> small = JsonValue::OfNumber(limit->text).SmallInteger();
      if (!small) return;
      limit = {Decimal(std::to_string(*small + step)), false, limit->text};
    };
    tighten(facts_.minimum, 1);
    tighten(facts_.maximum, -1);
  }

  void DropContradictions() {
    const auto drop_if = [this](bool contradiction, TypeSet types) {
      if (contradiction) facts_.types &= static_cast<TypeSet>(~types);
    };
    if (facts_.minimum && facts_.maximum) {
      const bool touch_open = facts_.minimum->exclusive || facts_.maximum->exclusive;
      drop_if(facts_.minimum->value > facts_.maximum->value ||
                  (facts_.minimum->value == facts_.maximum->value && touch_open),
              kNumberTypes);
    }
    drop_if(facts_.length.min > facts_.length.max, kStringType);
    drop_if(facts_.items.min > facts_.items.max, kArrayType);
    drop_if(facts_.members.min > facts_.members.max, kObjectType);
    if ((facts_.types & kObjectType) == 0 || level_ >= kMaxLevels) return;
    for (const std::string_view name : facts_.required) {
      if (work_.gave_up()) return;
      const Conjunction member = conjunction_.Member(name, work_);
      if (member.IsAnything()) continue;
      drop_if(About(member).NoValue(), kObjectType);
    }
  }

  void FinishValues() {
    const auto literals = literals_.root().Find("values")->elements();
    if (!facts_.values && (facts_.types & ~(kNullType | kBooleanType)) == 0) {
      facts_.values.emplace();
      for (const JsonValue& literal : literals) facts_.values->push_back(&literal);
    }
    if (!facts_.values) return;
    TypeSet types = 0;
    std::erase_if(*facts_.values, [&](const JsonValue* value) {
      const auto places = conjunction_.places();
      const TypeSet possible = TypesOf(*value) & facts_.types;
      const bool refused = possible == 0 || std::any_of(places.begin(), places.end(), [&](const SchemaPlace& place) {
                             return FitsAnew(*value, place) == Fits::kNo;
                           });
      if (!refused) types |= possible;
      return refused;
    });
    facts_.types &= types;
  }

  /// A list of values that fits itself is not gone through for each of them.
  Fits FitsAnew(const JsonValue& value, const SchemaPlace& place) {
    if (place.negated) return FitsSchema(value, place, work_);
    for (const JsonMember& keyword : place.value->members()) {
      const bool own = keyword.value.IsArray() && keyword.value.size() != 0 &&
                       !std::less<>()(&value, &keyword.value.elements().front()) &&
                       !std::less<>()(&keyword.value.elements().back(), &value);
      if (own && keyword.name.text() == "enum") continue;
      if (FitsKeyword(value, place, keyword, work_) == Fits::kNo) return Fits::kNo;
    }
    return Fits::kYes;
  }

  ConjunctionFacts About(const Conjunction& other) { return Collection(other, literals_, work_, level_ + 1).Run(); }

  const Conjunction& conjunction_;
  const ComparedSchema& literals_;
  ComparisonWork& work_;
  const int level_;
  ConjunctionFacts facts_;
};

}  // namespace

ConjunctionFacts FactsAbout(const Conjunction& conjunction, const ComparedSchema& literals, ComparisonWork& work) {
  return Collection(conjunction, literals, work, 0).Run();
}

}  // namespace volcanion::infrastructure
