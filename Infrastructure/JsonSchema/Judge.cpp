#include "Infrastructure/JsonSchema/Judge.h"

#include "Domain/JsonPointer.h"
#include "Infrastructure/JsonSchema/NamedType.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {
namespace {

// Schemas within schemas, on the way to one value. Each takes a few hundred bytes of stack.
constexpr std::size_t kMaxDepth = 1000;

// Stands for the keyword where the schema is `false`.
constexpr std::string_view kFalseSchema = "false";

// Work of so many steps may take longer than was thought.
constexpr std::uint64_t kLongWork = 4096;

// Hashing and sorting a value, beside looking at it.
constexpr std::uint64_t kHashCost = 4;

// So many alternatives are explained, each in so many bytes.
constexpr std::size_t kMaxExplained = 3;
constexpr std::size_t kMaxExplanationBytes = 120;

}  // namespace

Judge::Judge(const SchemaModel& model, Effort& effort)
    : model_(model),
      effort_(effort),
      visit_constraint_(
          [this](const valijson::constraints::Constraint& constraint) { return Spend(1) && constraint.accept(*this); }),
      draft_(model.draft_of(0)) {}

bool Judge::Run(const JsonValue& document, ViolationLog& log) {
  log_ = &log;
  return Apply(model_.part(0), document, nullptr);
}

bool Judge::Apply(const valijson::Subschema& schema, const JsonValue& value, const PathStep* path) {
  if (depth_ >= kMaxDepth) effort_.GiveUp(Effort::End::kDepth);
  if (!Spend(1)) return false;
  const JsonValue* const outer_value = std::exchange(value_, &value);
  const PathStep* const outer_path = std::exchange(path_, path);
  const valijson::Subschema* const outer_schema = std::exchange(schema_, &schema);
  ++depth_;
  bool valid = false;
  if (schema.getAlwaysInvalid()) {
    valid = Fail(kFalseSchema, "is not allowed");
  } else if (log_ == nullptr) {
    valid = schema.applyStrict(visit_constraint_);
  } else {
    valid = schema.apply(visit_constraint_);
  }
  --depth_;
  value_ = outer_value;
  path_ = outer_path;
  schema_ = outer_schema;
  return valid;
}

/// The verdict alone, without logging.
bool Judge::Holds(const valijson::Subschema& schema, const JsonValue& value) {
  ViolationLog* const outer_log = std::exchange(log_, nullptr);
  const bool holds = Apply(schema, value, path_);
  log_ = outer_log;
  return holds;
}

/// In words, why a value does not fit a schema; where it is something within the value, with the way there.
std::string Judge::FirstReason(const valijson::Subschema& schema, const JsonValue& value, const PathStep* path) {
  ViolationLog reasons(1);
  ViolationLog* const outer_log = std::exchange(log_, &reasons);
  const bool outer_explaining = std::exchange(explaining_, true);
  Apply(schema, value, path);
  explaining_ = outer_explaining;
  log_ = outer_log;
  if (reasons.empty()) return "does not fit";
  const domain::Violation& reason = reasons.first();
  const std::string below = reason.pointer.substr(std::min(PointerTo(path).size(), reason.pointer.size()));
  return Cut(below.empty() ? reason.message : Cut(below) + " " + reason.message, kMaxExplanationBytes);
}

bool Judge::Fail(std::string_view keyword, std::string message) {
  return FailAt(path_, value_->position(), keyword, std::move(message));
}

bool Judge::FailAt(const PathStep* path, std::uint32_t position, std::string_view keyword, std::string message) {
  if (log_ == nullptr || log_->full()) return false;
  std::string schema_pointer = model_.PointerOf(*schema_);
  if (keyword != kFalseSchema) domain::AppendPointerToken(keyword, schema_pointer);
  log_->Add(position, {PointerTo(path), std::string(keyword), std::move(message), std::move(schema_pointer)});
  return false;
}

/// `message` is called only when it is needed.
template <typename Message>
bool Judge::FailUnless(bool holds, std::string_view keyword, const Message& message) {
  if (!holds && log_ != nullptr && !log_->full()) Fail(keyword, message());
  return holds;
}

/// What is wrong with each of the first alternatives. Alternatives within alternatives are not explained: that would
/// double the work at each level.
template <typename Combination>
std::string Judge::FitsNone(const Combination& constraint, std::size_t count) {
  std::string text = "fits none of " + Counted(count, "alternative");
  if (explaining_) return text;
  text += ": ";
  constraint.applyToSubschemas([&](unsigned index, const valijson::Subschema* schema) {
    text += (index == 0 ? "" : "; or ") + FirstReason(*schema, *value_, path_);
    return index + 1 < kMaxExplained;
  });
  return text;
}

/// Whether the size stands in that order to the limit.
template <typename Order>
bool Judge::CheckSize(std::string_view keyword, std::string_view words, std::uint64_t size, Order order,
                      std::uint64_t limit, std::string_view noun) {
  return FailUnless(order(size, limit), keyword,
                    [&] { return std::string(words) + " " + Counted(limit, noun) + "; has " + std::to_string(size); });
}

bool Judge::visit(const AllOfConstraint& constraint) {
  bool valid = true;
  constraint.applyToSubschemas([&](unsigned, const valijson::Subschema* schema) {
    valid = ApplyHere(*schema) && valid;
    return valid || log_ != nullptr;
  });
  return valid;
}

bool Judge::visit(const AnyOfConstraint& constraint) {
  bool valid = false;
  std::size_t count = 0;
  constraint.applyToSubschemas([&](unsigned, const valijson::Subschema* schema) {
    ++count;
    valid = Holds(*schema, *value_);
    return !valid && !effort_.ended();
  });
  return FailUnless(valid, "anyOf", [&] { return FitsNone(constraint, count); });
}

bool Judge::visit(const OneOfConstraint& constraint) {
  std::vector<std::size_t> fitting;
  std::size_t count = 0;
  constraint.applyToSubschemas([&](unsigned index, const valijson::Subschema* schema) {
    ++count;
    if (Holds(*schema, *value_)) fitting.push_back(index + 1);
    return fitting.size() < 2 && !effort_.ended();
  });
  return FailUnless(fitting.size() == 1, "oneOf", [&] {
    if (fitting.size() > 1) {
      return "must fit exactly one alternative; fits alternatives " + std::to_string(fitting[0]) + " and " +
             std::to_string(fitting[1]);
    }
    return FitsNone(constraint, count);
  });
}

bool Judge::visit(const NotConstraint& constraint) {
  const bool fits = Holds(*constraint.getSubschema(), *value_);
  return FailUnless(!fits, "not", [] { return std::string("is what the schema under \"not\" excludes"); });
}

bool Judge::visit(const ConditionalConstraint& constraint) {
  const bool condition = Holds(*constraint.getIfSubschema(), *value_);
  if (!Spend(1)) return false;
  const valijson::Subschema* branch = condition ? constraint.getThenSubschema() : constraint.getElseSubschema();
  return branch == nullptr || ApplyHere(*branch);
}

bool Judge::visit(const ContainsConstraint& constraint) {
  if (!value_->IsArray()) return true;
  const bool found = std::any_of(value_->elements().begin(), value_->elements().end(), [&](const JsonValue& element) {
    return !effort_.ended() && Holds(*constraint.getSubschema(), element);
  });
  return FailUnless(found, "contains",
                    [] { return std::string("must contain an item that fits the schema under \"contains\""); });
}

bool Judge::visit(const DependenciesConstraint& constraint) {
  if (!value_->IsObject()) return true;
  bool valid = true;
  for (const SchemaModel::Dependency& dependency : model_.DependenciesOf(constraint)) {
    if (!Spend(TextCost(dependency.when)) || (!valid && log_ == nullptr)) return false;
    if (value_->Find(dependency.when) == nullptr) continue;
    if (dependency.schema != nullptr) valid = ApplyHere(*dependency.schema) && valid;
    for (const std::string_view name : dependency.needs) {
      if (!Spend(TextCost(name))) return false;
      if (value_->Find(name) != nullptr) continue;
      valid = false;
      if (log_ == nullptr) break;
      if (log_->full()) break;
      const PathStep missing = PathStep::Member(path_, name);
      FailAt(&missing, value_->position(), "dependencies", "is required when " + Cut(dependency.when) + " is present");
    }
  }
  return valid;
}

bool Judge::visit(const LinearItemsConstraint& constraint) {
  if (!value_->IsArray()) return true;
  const auto elements = value_->elements();
  const std::size_t listed = std::min(constraint.getItemSubschemaCount(), elements.size());
  bool valid = true;
  constraint.applyToItemSubschemas([&](unsigned index, const valijson::Subschema* schema) {
    if (index >= listed) return false;
    const PathStep step = PathStep::Element(path_, index);
    valid = Apply(*schema, elements[index], &step) && valid;
    return valid || log_ != nullptr;
  });
  const valijson::Subschema* others = constraint.getAdditionalItemsSubschema();
  for (std::size_t i = listed; i < elements.size() && (valid || log_ != nullptr) && !effort_.ended(); ++i) {
    const PathStep step = PathStep::Element(path_, static_cast<std::uint32_t>(i));
    if (others != nullptr) {
      valid = Apply(*others, elements[i], &step) && valid;
    } else {
      valid = false;
      if (log_ == nullptr || log_->full()) break;
      FailAt(&step, elements[i].position(), "additionalItems",
             "is not allowed: there may be " + Counted(constraint.getItemSubschemaCount(), "item"));
    }
  }
  return valid;
}

bool Judge::visit(const SingularItemsConstraint& constraint) {
  if (!value_->IsArray()) return true;
  bool valid = true;
  std::uint32_t index = 0;
  for (const JsonValue& element : value_->elements()) {
    const PathStep step = PathStep::Element(path_, index++);
    valid = Apply(*constraint.getItemsSubschema(), element, &step) && valid;
    if (effort_.ended() || (!valid && (log_ == nullptr || log_->full()))) return false;
  }
  return valid;
}

bool Judge::visit(const MaxItemsConstraint& constraint) {
  return !value_->IsArray() || CheckSize("maxItems", "must have at most", value_->size(), std::less_equal(),
                                         constraint.getMaxItems(), "item");
}

bool Judge::visit(const MinItemsConstraint& constraint) {
  return !value_->IsArray() || CheckSize("minItems", "must have at least", value_->size(), std::greater_equal(),
                                         constraint.getMinItems(), "item");
}

bool Judge::visit(const MaxLengthConstraint& constraint) {
  if (!value_->IsString() || value_->size() <= constraint.getMaxLength()) return true;
  if (!Spend(TextCost(value_->text()))) return false;
  return CheckSize("maxLength", "must have at most", CountCharacters(value_->text()), std::less_equal(),
                   constraint.getMaxLength(), "character");
}

bool Judge::visit(const MinLengthConstraint& constraint) {
  if (!value_->IsString()) return true;
  if (!Spend(TextCost(value_->text()))) return false;
  return CheckSize("minLength", "must have at least", CountCharacters(value_->text()), std::greater_equal(),
                   constraint.getMinLength(), "character");
}

bool Judge::visit(const MaxPropertiesConstraint& constraint) {
  return !value_->IsObject() || CheckSize("maxProperties", "must have at most", value_->size(), std::less_equal(),
                                          constraint.getMaxProperties(), "member");
}

bool Judge::visit(const MinPropertiesConstraint& constraint) {
  return !value_->IsObject() || CheckSize("minProperties", "must have at least", value_->size(), std::greater_equal(),
                                          constraint.getMinProperties(), "member");
}

bool Judge::visit(const PolyConstraint& constraint) {
  const auto& own = static_cast<const OwnConstraint&>(constraint);
  if (own.kind() == OwnConstraint::Kind::kTarget) {
    const Draft outer = std::exchange(draft_, model_.draft_of(own.target()));
    const bool holds = ApplyHere(model_.part(own.target()));
    draft_ = outer;
    return holds;
  }
  bool valid = true;
  for (const std::unique_ptr<Rule>& rule : model_.rules().subspan(own.first_rule(), own.rule_count())) {
    const std::uint64_t cost = rule->Cost(*value_);
    if (!Spend(cost) || (!valid && log_ == nullptr)) return false;
    const bool holds = rule->Holds(*value_);
    if (cost > kLongWork) effort_.CheckTime();
    effort_.NoteRisk(rule->Risk(*value_));
    valid = FailUnless(holds, rule->keyword(), [&] { return rule->Complaint(*value_); }) && valid;
  }
  return valid;
}

bool Judge::visit(const PropertiesConstraint& constraint) {
  if (!value_->IsObject()) return true;
  const SchemaModel::Properties& properties = model_.PropertiesOf(constraint);
  bool valid = true;
  for (const JsonMember& member : value_->members()) {
    const std::string_view name = member.name.text();
    const PathStep step = PathStep::Member(path_, name);
    if (!Spend(TextCost(name)) || (!valid && (log_ == nullptr || log_->full()))) return false;

    bool named = false;
    if (const valijson::Subschema* listed = properties.Find(name)) {
      named = true;
      valid = Apply(*listed, member.value, &step) && valid;
    }
    for (const SchemaModel::Properties::ByPattern& entry : properties.by_pattern) {
      if (!Spend(entry.pattern->Cost(name.size()))) return false;
      const bool matches = entry.pattern->Matches(name);
      effort_.NoteRisk(entry.pattern->Risk(name.size()));
      if (!matches) continue;
      named = true;
      valid = Apply(*entry.schema, member.value, &step) && valid;
    }
    if (named) continue;
    if (properties.others != nullptr) {
      valid = Apply(*properties.others, member.value, &step) && valid;
    } else {
      valid = false;
      if (log_ != nullptr) FailAt(&step, member.value.position(), "additionalProperties", "is not allowed");
    }
  }
  return valid;
}

bool Judge::visit(const PropertyNamesConstraint& constraint) {
  if (!value_->IsObject()) return true;
  bool valid = true;
  for (const JsonMember& member : value_->members()) {
    if (effort_.ended() || (!valid && (log_ == nullptr || log_->full()))) return false;
    const PathStep step = PathStep::Member(path_, member.name.text());
    if (Holds(*constraint.getSubschema(), member.name)) continue;
    valid = false;
    if (log_ == nullptr) continue;
    FailAt(&step, member.value.position(), "propertyNames",
           "has a name that is not allowed: " + FirstReason(*constraint.getSubschema(), member.name, &step));
  }
  return valid;
}

bool Judge::visit(const RequiredConstraint& constraint) {
  if (!value_->IsObject()) return true;
  bool valid = true;
  for (const std::string_view name : model_.NamesOf(constraint)) {
    if (!Spend(TextCost(name))) return false;
    if (value_->Find(name) != nullptr) continue;
    valid = false;
    if (log_ == nullptr || log_->full()) break;
    const PathStep missing = PathStep::Member(path_, name);
    FailAt(&missing, value_->position(), "required", "is required");
  }
  return valid;
}

bool Judge::visit(const TypeConstraint& constraint) {
  if (value_->IsNumber() && !Spend(TextCost(value_->text()))) return false;  // for finding out whether it is an integer
  bool valid = false;
  constraint.applyToNamedTypes([&](NamedType type) {
    valid = IsOfType(*value_, type, draft_);
    return !valid;
  });
  return FailUnless(valid, "type", [&] {
    std::vector<std::string_view> words;
    const std::string_view null = WithArticle(NamedType::kNull);
    bool asks_integer = false;
    constraint.applyToNamedTypes([&](NamedType type) {
      // "a string or null" reads better than the other way round, which is valijson's order.
      words.insert(type == NamedType::kNull || words.empty() || words.back() != null ? words.end() : words.end() - 1,
                   WithArticle(type));
      asks_integer = asks_integer || type == NamedType::kInteger;
      return true;
    });
    const bool fraction = asks_integer && value_->IsNumber();
    return "must be " + Alternatives(words) + "; was " +
           (fraction ? Quote(*value_) : std::string(WithArticle(value_->type())));
  });
}

bool Judge::visit(const UniqueItemsConstraint&) {
  if (!value_->IsArray() || value_->size() < 2) return true;
  const auto elements = value_->elements();
  std::vector<std::pair<std::size_t, std::uint32_t>> hashes;
  hashes.reserve(elements.size());
  for (std::uint32_t i = 0; i < elements.size(); ++i) {
    if (!Spend(kHashCost * Weight(elements[i]))) return false;
    hashes.emplace_back(Hash(elements[i]), i);
  }
  std::sort(hashes.begin(), hashes.end());
  // Equal values have equal hashes; among those, every pair is compared, and paid for.
  std::pair<std::uint32_t, std::uint32_t> first{UINT32_MAX, 0};
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    for (std::size_t j = i + 1; j < hashes.size() && hashes[j].first == hashes[i].first; ++j) {
      if (!Spend(Weight(elements[hashes[i].second]))) return false;
      if (!Equal(elements[hashes[i].second], elements[hashes[j].second])) continue;
      first = std::min(first, {hashes[i].second, hashes[j].second});
      break;
    }
  }
  return FailUnless(first.first == UINT32_MAX, "uniqueItems", [&] {
    return "must not repeat an item: items " + std::to_string(first.first) + " and " + std::to_string(first.second) +
           " are equal";
  });
}

}  // namespace volcanion::infrastructure
