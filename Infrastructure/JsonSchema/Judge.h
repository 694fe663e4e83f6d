#pragma once

#include "Infrastructure/JsonSchema/Effort.h"
#include "Infrastructure/JsonSchema/JsonValue.h"
#include "Infrastructure/JsonSchema/SchemaKeywords.h"
#include "Infrastructure/JsonSchema/SchemaModel.h"
#include "Infrastructure/JsonSchema/Valijson.h"
#include "Infrastructure/JsonSchema/ViolationLog.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// Walks valijson's model of a schema over one document and logs what the document breaks. Used once, by one thread.
///
/// Everything it does is paid for out of an Effort, and it stops when that is used up or when it has gone too deep: a
/// schema may refer to itself for ever, and alternatives within alternatives may double the work at each level.
class Judge final : private valijson::constraints::ConstraintVisitor {
 public:
  Judge(const SchemaModel& model, Effort& effort);

  /// Whether the document is valid. The answer and what it logged count only when the effort has not ended.
  bool Run(const JsonValue& document, ViolationLog& log);

 private:
  bool Apply(const valijson::Subschema& schema, const JsonValue& value, const PathStep* path);
  bool ApplyHere(const valijson::Subschema& schema) { return Apply(schema, *value_, path_); }
  bool Holds(const valijson::Subschema& schema, const JsonValue& value);
  std::string FirstReason(const valijson::Subschema& schema, const JsonValue& value, const PathStep* path);
  bool Spend(std::uint64_t steps) { return effort_.Spend(steps); }

  bool Fail(std::string_view keyword, std::string message);
  bool FailAt(const PathStep* path, std::uint32_t position, std::string_view keyword, std::string message);
  template <typename Message>
  bool FailUnless(bool holds, std::string_view keyword, const Message& message);
  template <typename Combination>
  std::string FitsNone(const Combination& constraint, std::size_t count);
  template <typename Order>
  bool CheckSize(std::string_view keyword, std::string_view words, std::uint64_t size, Order order, std::uint64_t limit,
                 std::string_view noun);

  bool visit(const AllOfConstraint&) override;
  bool visit(const AnyOfConstraint&) override;
  bool visit(const ConditionalConstraint&) override;
  bool visit(const ContainsConstraint&) override;
  bool visit(const DependenciesConstraint&) override;
  bool visit(const LinearItemsConstraint&) override;
  bool visit(const MaxItemsConstraint&) override;
  bool visit(const MaxLengthConstraint&) override;
  bool visit(const MaxPropertiesConstraint&) override;
  bool visit(const MinItemsConstraint&) override;
  bool visit(const MinLengthConstraint&) override;
  bool visit(const MinPropertiesConstraint&) override;
  bool visit(const NotConstraint&) override;
  bool visit(const OneOfConstraint&) override;
  bool visit(const PolyConstraint&) override;
  bool visit(const PropertiesConstraint&) override;
  bool visit(const PropertyNamesConstraint&) override;
  bool visit(const RequiredConstraint&) override;
  bool visit(const SingularItemsConstraint&) override;
  bool visit(const TypeConstraint&) override;
  bool visit(const UniqueItemsConstraint&) override;

  // The rewriter turns these into rules: valijson's model never holds them.
  bool visit(const ConstConstraint&) override { return true; }
  bool visit(const EnumConstraint&) override { return true; }
  bool visit(const FormatConstraint&) override { return true; }
  bool visit(const MaximumConstraint&) override { return true; }
  bool visit(const MinimumConstraint&) override { return true; }
  bool visit(const MultipleOfDoubleConstraint&) override { return true; }
  bool visit(const MultipleOfIntConstraint&) override { return true; }
  bool visit(const PatternConstraint&) override { return true; }

  const SchemaModel& model_;
  Effort& effort_;
  valijson::Subschema::ApplyFunction visit_constraint_;
  Draft draft_;                                  // of the part of the schema that is being applied
  const valijson::Subschema* schema_ = nullptr;  // what is being applied
  const JsonValue* value_ = nullptr;             // to this
  const PathStep* path_ = nullptr;               // where it is
  ViolationLog* log_ = nullptr;                  // null where only the verdict counts
  std::size_t depth_ = 0;
  bool explaining_ = false;  // within the words for another violation
};

}  // namespace volcanion::infrastructure
