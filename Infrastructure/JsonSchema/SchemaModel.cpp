#include "Infrastructure/JsonSchema/SchemaModel.h"

// valijson includes <regex>, in which GCC 12 suspects an uninitialized member when it compiles with sanitizers.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// valijson's adapter gives RapidJSON's assertions another meaning, which must not reach the RapidJSON that the rest of
// the program is compiled with: here it gets a namespace of its own.
#define RAPIDJSON_NAMESPACE valijson_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace valijson_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
namespace valijson_rapidjson {}
namespace rapidjson = valijson_rapidjson;

#include <valijson/adapters/rapidjson_adapter.hpp>
#include <valijson/constraint_builder.hpp>
#include <valijson/schema_parser.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace volcanion::infrastructure {
namespace {

class RulesBuilder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& value) const override {
    std::vector<std::size_t> numbers;
    value.applyToArray([&numbers](const valijson::adapters::Adapter& element) {
      numbers.push_back(static_cast<std::size_t>(element.asInteger()));
      return true;
    });
    return new OwnConstraint(OwnConstraint::Kind::kRules, numbers.at(0), numbers.at(1));
  }
};

class TargetBuilder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& value) const override {
    return new OwnConstraint(OwnConstraint::Kind::kTarget, static_cast<std::size_t>(value.asInteger()), 0);
  }
};

std::unique_ptr<valijson::Schema> Load(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError()) throw std::runtime_error("a rewritten schema is not JSON");
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.addConstraintBuilder(std::string(kRulesKeyword), new RulesBuilder);  // the parser deletes them
  parser.addConstraintBuilder(std::string(kTargetKeyword), new TargetBuilder);
  auto schema = std::make_unique<valijson::Schema>();
  parser.populateSchema(valijson::adapters::RapidJsonAdapter(document), *schema);
  return schema;
}

}  // namespace

/// Goes once through the schema that was loaded, and makes the indexes.
class SchemaModel::Indexing final : public valijson::constraints::ConstraintVisitor {
 public:
  explicit Indexing(SchemaModel& model) : model_(model) {}

  void Run() {
    // The outermost schema holds the parts under its `items`, and nothing else.
    valijson::Subschema::ApplyFunction visit_each = [this](const valijson::constraints::Constraint& constraint) {
      const auto& parts = dynamic_cast<const LinearItemsConstraint&>(constraint);
      parts.applyToItemSubschemas([this](unsigned index, const valijson::Subschema* schema) {
        part_ = index;
        model_.parts_.push_back(schema);
        return Index(schema, nullptr);
      });
      return true;
    };
    model_.schema_->apply(visit_each);
    if (model_.parts_.size() != model_.rewritten_.parts.size()) throw std::runtime_error("a part was lost");
  }

  bool visit(const PropertiesConstraint& constraint) override {
    Properties& made = model_.properties_[&constraint];
    made.others = constraint.getAdditionalPropertiesSubschema();
    const PathStep* names = Below("properties");
    constraint.applyToProperties([&](const auto& index, const valijson::Subschema* schema) {
      const std::string_view name = Name(index);
      made.by_name.push_back({name, schema});
      return Index(schema, Below(name, names));
    });
    std::sort(made.by_name.begin(), made.by_name.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    const PathStep* patterns = Below("patternProperties");
    constraint.applyToPatternProperties([&](const auto& index, const valijson::Subschema* schema) {
      const std::string_view source = Name(index);
      made.by_pattern.push_back({model_.rewritten_.patterns.find(source)->second.get(), schema});
      return Index(schema, Below(source, patterns));
    });
    return Index(made.others, Below("additionalProperties"));
  }

  bool visit(const DependenciesConstraint& constraint) override {
    std::vector<Dependency>& made = model_.dependencies_[&constraint];
    constraint.applyToPropertyDependencies([&](const auto& index, const auto& needed) {
      made.push_back({Name(index), Names(needed), nullptr});
      return true;
    });
    const PathStep* here = Below("dependencies");
    constraint.applyToSchemaDependencies([&](const auto& index, const valijson::Subschema* schema) {
      made.push_back({Name(index), {}, schema});
      return Index(schema, Below(Name(index), here));
    });
    return true;
  }

  bool visit(const RequiredConstraint& constraint) override {
    std::vector<std::size_t> indexes;
    constraint.applyToRequiredProperties([&](const auto& index) {
      indexes.push_back(Number(index));
      return true;
    });
    model_.required_[&constraint] = InOrder(std::move(indexes));
    return true;
  }

  bool visit(const AllOfConstraint& constraint) override { return IndexEach(constraint, "allOf"); }
  bool visit(const AnyOfConstraint& constraint) override { return IndexEach(constraint, "anyOf"); }
  bool visit(const OneOfConstraint& constraint) override { return IndexEach(constraint, "oneOf"); }
  bool visit(const NotConstraint& constraint) override { return Index(constraint.getSubschema(), Below("not")); }
  bool visit(const ContainsConstraint& constraint) override {
    return Index(constraint.getSubschema(), Below("contains"));
  }
  bool visit(const PropertyNamesConstraint& constraint) override {
    return Index(constraint.getSubschema(), Below("propertyNames"));
  }
  bool visit(const SingularItemsConstraint& constraint) override {
    return Index(constraint.getItemsSubschema(), Below("items"));
  }
  bool visit(const ConditionalConstraint& constraint) override {
    Index(constraint.getIfSubschema(), Below("if"));
    Index(constraint.getThenSubschema(), Below("then"));
    return Index(constraint.getElseSubschema(), Below("else"));
  }
  bool visit(const LinearItemsConstraint& constraint) override {
    const PathStep* here = Below("items");
    constraint.applyToItemSubschemas(
        [&](unsigned index, const valijson::Subschema* schema) { return Index(schema, Element(index, here)); });
    return Index(constraint.getAdditionalItemsSubschema(), Below("additionalItems"));
  }

  bool visit(const ConstConstraint&) override { return true; }
  bool visit(const EnumConstraint&) override { return true; }
  bool visit(const FormatConstraint&) override { return true; }
  bool visit(const MaxItemsConstraint&) override { return true; }
  bool visit(const MaximumConstraint&) override { return true; }
  bool visit(const MaxLengthConstraint&) override { return true; }
  bool visit(const MaxPropertiesConstraint&) override { return true; }
  bool visit(const MinItemsConstraint&) override { return true; }
  bool visit(const MinimumConstraint&) override { return true; }
  bool visit(const MinLengthConstraint&) override { return true; }
  bool visit(const MinPropertiesConstraint&) override { return true; }
  bool visit(const MultipleOfDoubleConstraint&) override { return true; }
  bool visit(const MultipleOfIntConstraint&) override { return true; }
  bool visit(const PatternConstraint&) override { return true; }
  bool visit(const PolyConstraint&) override { return true; }
  bool visit(const TypeConstraint&) override { return true; }
  bool visit(const UniqueItemsConstraint&) override { return true; }

 private:
  bool Index(const valijson::Subschema* schema, const PathStep* path) {
    if (schema == nullptr) return true;
    model_.places_.emplace(schema, Place{part_, path});
    const PathStep* const outer = std::exchange(path_, path);
    valijson::Subschema::ApplyFunction visit_each = [this](const valijson::constraints::Constraint& constraint) {
      return constraint.accept(*this);
    };
    schema->apply(visit_each);
    path_ = outer;
    return true;
  }

  template <typename Combination>
  bool IndexEach(const Combination& constraint, std::string_view keyword) {
    const PathStep* here = Below(keyword);
    constraint.applyToSubschemas(
        [&](unsigned index, const valijson::Subschema* schema) { return Index(schema, Element(index, here)); });
    return true;
  }

  const PathStep* Below(std::string_view name) { return Below(name, path_); }
  const PathStep* Below(std::string_view name, const PathStep* parent) {
    return &model_.steps_.emplace_back(PathStep::Member(parent, name));
  }
  const PathStep* Element(std::uint32_t index, const PathStep* parent) {
    return &model_.steps_.emplace_back(PathStep::Element(parent, index));
  }

  template <typename Text>
  static std::size_t Number(const Text& index) {
    return std::stoul(std::string(index.data(), index.size()));
  }
  template <typename Text>
  std::string_view Name(const Text& index) const {
    return model_.rewritten_.names.at(Number(index));
  }
  template <typename Texts>
  std::vector<std::string_view> Names(const Texts& texts) const {
    std::vector<std::size_t> indexes;
    for (const auto& text : texts) indexes.push_back(Number(text));
    return InOrder(std::move(indexes));
  }
  /// valijson sorts names; indexes know in which order they first stood in the schema.
  std::vector<std::string_view> InOrder(std::vector<std::size_t> indexes) const {
    std::sort(indexes.begin(), indexes.end());
    std::vector<std::string_view> names;
    for (const std::size_t index : indexes) names.push_back(model_.rewritten_.names.at(index));
    return names;
  }

  SchemaModel& model_;
  unsigned part_ = 0;
  const PathStep* path_ = nullptr;
};

SchemaModel::SchemaModel(RewrittenSchema rewritten) : rewritten_(std::move(rewritten)) {
  for (RewrittenSchema::Part& part : rewritten_.parts) part.pointer = WithoutNul(part.pointer);
  schema_ = Load(rewritten_.text);
  std::string().swap(rewritten_.text);
  Indexing(*this).Run();
}

SchemaModel::~SchemaModel() = default;

std::string SchemaModel::PointerOf(const valijson::Subschema& schema) const {
  const auto found = places_.find(&schema);
  if (found == places_.end()) return {};
  return rewritten_.parts[found->second.part].pointer + PointerTo(found->second.path);
}

const valijson::Subschema* SchemaModel::Properties::Find(std::string_view name) const {
  const auto found = std::lower_bound(by_name.begin(), by_name.end(), name,
                                      [](const ByName& entry, std::string_view wanted) { return entry.name < wanted; });
  return found != by_name.end() && found->name == name ? found->schema : nullptr;
}

}  // namespace volcanion::infrastructure
