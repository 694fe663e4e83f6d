#include "Infrastructure/JsonSchema/Comparison/Membership.h"
#include "Infrastructure/JsonSchema/Comparison/SchemaInclusion.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <unordered_set>

/// What SchemaInclusion asks about objects.
namespace volcanion::infrastructure {
namespace {

/// The schema under that name in `properties`, wherever it stands in the conjunction.
std::optional<SchemaPlace> PropertyNamed(const Conjunction& conjunction, std::string_view name) {
  for (const SchemaPlace& place : conjunction.places()) {
    const JsonValue* properties = place.negated ? nullptr : place.Find("properties");
    const JsonValue* schema = properties == nullptr ? nullptr : properties->Find(name);
    if (schema != nullptr) return place.At(*schema);
  }
  return std::nullopt;
}

}  // namespace

/// What the names of an object's members must be.
Conjunction SchemaInclusion::NamesOf(const Conjunction& taken) const {
  std::vector<SchemaPlace> schemas = taken.Under("propertyNames");
  schemas.push_back({&literals_, literals_.root().Find("name")});
  return Conjunction(std::move(schemas));
}

bool SchemaInclusion::RefusesName(const Conjunction& taken, std::string_view name) {
  const std::vector<SchemaPlace> schemas = taken.Under("propertyNames");
  return std::any_of(schemas.begin(), schemas.end(), [&](const SchemaPlace& schema) {
    return FitsSchema(JsonValue::OfString(name), schema, work_) == Fits::kNo;
  });
}

bool SchemaInclusion::RequiredHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                    const JsonValue& names) {
  if ((facts.types & kObjectType) == 0) return true;
  bool holds = true;
  for (const JsonValue& name : names.elements()) {
    if (!work_.Spend(1)) return false;
    if (facts.required.contains(name.text())) continue;
    if (IsQuiet()) return false;
    holds = false;
    // At the property where it is described, else at the object.
    const std::optional<SchemaPlace> described = PropertyNamed(Conjunction({asking}), name.text());
    const std::string property = described ? "" : "property " + Quote(name) + " ";
    const bool allowed = !taken.Member(name.text(), work_).impossible();
    std::string message = property + "is required now";
    if (IsBackward() && !allowed) message += "; before, it was not allowed";
    if (!IsBackward()) message = property + "is no longer required";
    Report(described.value_or(asking), {IsBackward() ? "required_added" : "required_removed", std::move(message)});
  }
  return holds;
}

bool SchemaInclusion::MembersHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking) {
  if ((facts.types & kObjectType) == 0 || facts.members.max == 0) return true;
  const ObjectKeywords keywords(asking);
  const bool ask_of_all =
      keywords.patterns != nullptr || (keywords.others != nullptr && !asking.At(*keywords.others).IsTrivial());
  bool holds = true;
  std::unordered_set<std::string_view> seen;
  const auto check = [&](std::string_view name) {
    if (work_.gave_up() || (!holds && IsQuiet()) || !seen.insert(name).second) return;
    holds = MemberHolds(taken, asking, name) && holds;
  };
  if (keywords.properties != nullptr) {
    for (const JsonMember& property : keywords.properties->members()) check(property.name.text());
  }
  if (!ask_of_all) return holds && !work_.gave_up();

  for (const SchemaPlace& place : taken.places()) {
    const JsonValue* properties = place.negated ? nullptr : place.Find("properties");
    if (properties == nullptr) continue;
    for (const JsonMember& property : properties->members()) check(property.name.text());
  }
  // Then whatever has no name of its own. Where names are few, they are all.
  const Facts names = FactsOf(NamesOf(taken));
  if (names.values) {
    for (const JsonValue* name : *names.values) check(name->text());
    return holds && !work_.gave_up();
  }
  if (keywords.patterns != nullptr) {
    for (const JsonMember& entry : keywords.patterns->members()) {
      if (work_.gave_up() || (!holds && IsQuiet())) return false;
      holds = OtherMembersHold(taken, asking, entry.name.text(), asking.At(entry.value)) && holds;
    }
  }
  if (keywords.others != nullptr && (holds || !IsQuiet())) {
    holds = OtherMembersHold(taken, asking, std::nullopt, asking.At(*keywords.others)) && holds;
  }
  return holds && !work_.gave_up();
}

bool SchemaInclusion::MemberHolds(const Conjunction& taken, const SchemaPlace& asking, std::string_view name) {
  std::vector<SchemaPlace> asked;
  AppendSchemasOfMember(asking, name, work_, asked);
  if (work_.gave_up()) return false;
  const bool nothing_asked =
      std::all_of(asked.begin(), asked.end(), [](const SchemaPlace& schema) { return schema.IsTrivial(); });
  if (nothing_asked || RefusesName(taken, name)) return true;
  const Conjunction member = taken.Member(name, work_);
  if (member.impossible()) return true;

  const std::optional<SchemaPlace> described = PropertyNamed(taken, name);
  const bool closed = std::any_of(asked.begin(), asked.end(),
                                  [](const SchemaPlace& schema) { return schema.Resolved().value->IsFalse(); });
  if (closed) {
    ++level_;
    const bool never_there = TakesNothing(member);
    --level_;
    if (never_there) return true;
    const std::string what = described ? "" : "property " + Cut(name) + " ";
    return Report(described.value_or(asking),
                  IsBackward() ? ChangeWords{"property_removed", what + "is no longer allowed"}
                               : ChangeWords{"property_added", what + "is allowed now; before, it was not"});
  }
  if (member.IsAnything() && !described) {
    // One sentence says more than one for each keyword. A schema that takes everything after all is no change.
    const std::optional<SchemaPlace> asks = PropertyNamed(Conjunction({asking}), name);
    if (std::all_of(asked.begin(), asked.end(),
                    [&](const SchemaPlace& schema) { return HoldsQuietlyWithin(member, schema); })) {
      return true;
    }
    const std::string what = asks ? "property" : "property " + Cut(name);
    return Report(asks.value_or(asking),
                  IsBackward()
                      ? ChangeWords{"property_constrained", what + " added; before, any value was allowed here"}
                      : ChangeWords{"property_freed", what + " removed; now, any value is allowed here"});
  }
  bool holds = true;
  for (const SchemaPlace& schema : asked) {
    holds = HoldsWithin(member, schema) && holds;
    if (!holds && IsQuiet()) break;
  }
  return holds;
}

/// Members that no `properties` names: those that match a pattern, or those that match none of the asking schema's.
bool SchemaInclusion::OtherMembersHold(const Conjunction& taken, const SchemaPlace& asking,
                                       std::optional<std::string_view> pattern, const SchemaPlace& schema) {
  if (schema.IsTrivial()) return true;
  const JsonValue* asked_patterns = ObjectKeywords(asking).patterns;
  std::vector<SchemaPlace> certain;
  std::vector<std::vector<std::vector<SchemaPlace>>> open;  // of each schema: what may hold, one of them
  for (const SchemaPlace& place : taken.places()) {
    if (place.negated) continue;
    const ObjectKeywords keywords(place);
    const JsonValue* same = pattern && keywords.patterns != nullptr ? keywords.patterns->Find(*pattern) : nullptr;
    if (same != nullptr) {
      certain.push_back(place.At(*same));
      continue;
    }
    std::vector<std::vector<SchemaPlace>> possible;
    if (keywords.patterns != nullptr) {
      for (const JsonMember& entry : keywords.patterns->members()) {
        if (!work_.Spend(1)) return false;
        const bool excluded =
            !pattern && asked_patterns != nullptr && asked_patterns->Find(entry.name.text()) != nullptr;
        if (!excluded) possible.push_back({place.At(entry.value)});
      }
    }
    if (possible.empty()) {
      if (keywords.others != nullptr) certain.push_back(place.At(*keywords.others));
      continue;
    }
    possible.emplace_back();
    if (keywords.others != nullptr) possible.back().push_back(place.At(*keywords.others));
    open.push_back(std::move(possible));
  }
  const Conjunction member(certain);
  const auto takes = [&](const std::vector<SchemaPlace>& more) {
    return HoldsQuietlyWithin(member.With(more), schema);
  };
  if (HoldsQuietlyWithin(member, schema)) return true;
  if (std::any_of(open.begin(), open.end(),
                  [&](const auto& possible) { return std::all_of(possible.begin(), possible.end(), takes); })) {
    return true;
  }
  if (IsQuiet() || work_.gave_up()) return false;
  const std::string which = pattern ? "properties that match " + Cut(*pattern) : "additional properties";
  const std::string code = pattern ? "pattern_properties" : "additional_properties";
  if (schema.Resolved().value->IsFalse()) {
    return Report(asking, IsBackward()
                              ? ChangeWords{code + "_closed", which + " are no longer allowed"}
                              : ChangeWords{code + "_opened", which + " are allowed now; before, they were not"});
  }
  if (!member.IsAnything()) return HoldsWithin(member, schema);
  return Report(schema,
                IsBackward()
                    ? ChangeWords{code + "_constrained", which + " must fit a schema; before, any value was allowed"}
                    : ChangeWords{code + "_freed", which + " may be anything; before, they had to fit a schema"});
}

bool SchemaInclusion::NamesHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                const JsonValue& schema) {
  if ((facts.types & kObjectType) == 0 || facts.members.max == 0) return true;
  for (const SchemaPlace& place : taken.places()) {
    if (place.negated) continue;
    const ObjectKeywords keywords(place);
    const bool closed = keywords.patterns == nullptr && keywords.others != nullptr && keywords.others->IsFalse();
    if (!closed || keywords.properties == nullptr) continue;
    const auto names = keywords.properties->members();
    if (std::all_of(names.begin(), names.end(), [&](const JsonMember& property) {
          return FitsSchema(property.name, asking.At(schema), work_) == Fits::kYes ||
                 RefusesName(taken, property.name.text()) || taken.Member(property.name.text(), work_).impossible();
        })) {
      return true;
    }
  }
  return HoldsWithin(NamesOf(taken), asking.At(schema));
}

bool SchemaInclusion::DependenciesHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                                       const JsonValue& dependencies) {
  if ((facts.types & kObjectType) == 0) return true;
  bool holds = true;
  for (const JsonMember& entry : dependencies.members()) {
    if (!work_.Spend(1) || (!holds && IsQuiet())) return false;
    const std::string_view when = entry.name.text();
    if (RefusesName(taken, when) || taken.Member(when, work_).impossible()) continue;
    std::vector<SchemaPlace> known;
    std::unordered_set<std::string_view> needed;
    for (const SchemaPlace& place : taken.places()) {
      const JsonValue* own = place.negated ? nullptr : place.Find("dependencies");
      const JsonValue* needs = own == nullptr ? nullptr : own->Find(when);
      if (needs == nullptr) continue;
      if (!needs->IsArray()) known.push_back(place.At(*needs));
      if (!needs->IsArray() || !work_.Spend(needs->size())) continue;
      for (const JsonValue& name : needs->elements()) needed.insert(name.text());
    }
    if (!entry.value.IsArray()) {
      holds = Holds(taken.With(known), asking.At(entry.value)) && holds;
      continue;
    }
    for (const JsonValue& name : entry.value.elements()) {
      if (!work_.Spend(1)) return false;
      if (name.text() == when || facts.required.contains(name.text()) || needed.contains(name.text())) continue;
      holds = false;
      if (IsQuiet()) return false;
      Report(asking,
             {IsBackward() ? "dependency_added" : "dependency_removed",
              "property " + Quote(name) + (IsBackward() ? " is required now when " : " is no longer required when ") +
                  Quote(entry.name) + " is present"});
    }
  }
  return holds;
}

}  // namespace volcanion::infrastructure
