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

/// Goes once through a schema that was loaded, and makes the indexes.
class SchemaModel::Indexing final : public valijson::constraints::ConstraintVisitor {
 public:
  explicit Indexing(SchemaModel& model) : model_(model) {}

  bool Index(const valijson::Subschema* schema) {
    if (schema == nullptr) return true;
    valijson::Subschema::ApplyFunction visit_each = [this](const valijson::constraints::Constraint& constraint) {
      return constraint.accept(*this);
    };
    return schema->apply(visit_each);
  }

  bool visit(const PropertiesConstraint& constraint) override {
    Properties& made = model_.properties_[&constraint];
    made.others = constraint.getAdditionalPropertiesSubschema();
    constraint.applyToProperties([&](const auto& name, const valijson::Subschema* schema) {
      made.by_name.emplace(model_.names_.emplace_back(ReadRewrittenName({name.data(), name.size()})), schema);
      return Index(schema);
    });
    constraint.applyToPatternProperties([&](const auto& source, const valijson::Subschema* schema) {
      const std::string original = ReadRewrittenName({source.data(), source.size()});
      made.by_pattern.push_back({model_.rewritten_.patterns.at(original).get(), schema});
      return Index(schema);
    });
    return Index(made.others);
  }

  bool visit(const DependenciesConstraint& constraint) override {
    std::vector<Dependency>& made = model_.dependencies_[&constraint];
    constraint.applyToPropertyDependencies([&](const auto& name, const auto& needed) {
      Dependency& dependency =
          made.emplace_back(Dependency{ReadRewrittenName({name.data(), name.size()}), {}, nullptr});
      for (const auto& need : needed) dependency.needs.push_back(ReadRewrittenName({need.data(), need.size()}));
      return true;
    });
    constraint.applyToSchemaDependencies([&](const auto& name, const valijson::Subschema* schema) {
      made.push_back({ReadRewrittenName({name.data(), name.size()}), {}, schema});
      return Index(schema);
    });
    return true;
  }

  bool visit(const RequiredConstraint& constraint) override {
    std::vector<std::string>& made = model_.required_[&constraint];
    constraint.applyToRequiredProperties([&](const auto& name) {
      made.push_back(ReadRewrittenName({name.data(), name.size()}));
      return true;
    });
    return true;
  }

  bool visit(const AllOfConstraint& constraint) override { return IndexEach(constraint); }
  bool visit(const AnyOfConstraint& constraint) override { return IndexEach(constraint); }
  bool visit(const OneOfConstraint& constraint) override { return IndexEach(constraint); }
  bool visit(const NotConstraint& constraint) override { return Index(constraint.getSubschema()); }
  bool visit(const ContainsConstraint& constraint) override { return Index(constraint.getSubschema()); }
  bool visit(const PropertyNamesConstraint& constraint) override { return Index(constraint.getSubschema()); }
  bool visit(const SingularItemsConstraint& constraint) override { return Index(constraint.getItemsSubschema()); }
  bool visit(const ConditionalConstraint& constraint) override {
    Index(constraint.getIfSubschema());
    Index(constraint.getThenSubschema());
    return Index(constraint.getElseSubschema());
  }
  bool visit(const LinearItemsConstraint& constraint) override {
    constraint.applyToItemSubschemas([this](unsigned, const valijson::Subschema* schema) { return Index(schema); });
    return Index(constraint.getAdditionalItemsSubschema());
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
  template <typename Combination>
  bool IndexEach(const Combination& constraint) {
    constraint.applyToSubschemas([this](unsigned, const valijson::Subschema* schema) { return Index(schema); });
    return true;
  }

  SchemaModel& model_;
};

SchemaModel::SchemaModel(RewrittenSchema rewritten, std::size_t& text) : rewritten_(std::move(rewritten)) {
  Indexing indexing(*this);
  for (text = 0; text < rewritten_.texts.size(); ++text) {
    schemas_.push_back(Load(rewritten_.texts[text]));
    indexing.Index(schemas_.back().get());
  }
  rewritten_.texts = {};
}

SchemaModel::~SchemaModel() = default;

}  // namespace volcanion::infrastructure
