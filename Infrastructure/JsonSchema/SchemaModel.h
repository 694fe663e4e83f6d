#pragma once

#include "Infrastructure/JsonSchema/EcmaPattern.h"
#include "Infrastructure/JsonSchema/Rule.h"
#include "Infrastructure/JsonSchema/SchemaRewriter.h"
#include "Infrastructure/JsonSchema/Valijson.h"

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace volcanion::infrastructure {

/// What valijson loaded, with indexes where its model can only be gone through from end to end. Immutable once made;
/// safe to use from any number of threads at once.
class SchemaModel {
 public:
  /// `properties`, `patternProperties` and `additionalProperties` of one schema.
  struct Properties {
    struct ByPattern {
      const EcmaPattern* pattern;
      const valijson::Subschema* schema;
    };
    std::unordered_map<std::string_view, const valijson::Subschema*> by_name;
    std::vector<ByPattern> by_pattern;
    const valijson::Subschema* others;  // null where no others are allowed
  };

  struct Dependency {
    std::string when;
    std::vector<std::string> needs;
    const valijson::Subschema* schema;  // null where it is names that are needed
  };

  /// Takes over the rewritten schema. Throws what valijson throws when it refuses one of its texts; `text` is then the
  /// index of that text.
  SchemaModel(RewrittenSchema rewritten, std::size_t& text);
  ~SchemaModel();

  SchemaModel(const SchemaModel&) = delete;
  SchemaModel& operator=(const SchemaModel&) = delete;

  const valijson::Subschema& root() const { return *schemas_.front(); }
  const valijson::Subschema& target(std::size_t index) const { return *schemas_[index]; }
  std::span<const std::unique_ptr<Rule>> rules() const { return rewritten_.rules; }

  // Each is made for every such constraint of the model.
  const Properties& PropertiesOf(const valijson::constraints::PropertiesConstraint& constraint) const {
    return properties_.find(&constraint)->second;
  }
  const std::vector<Dependency>& DependenciesOf(const valijson::constraints::DependenciesConstraint& constraint) const {
    return dependencies_.find(&constraint)->second;
  }
  const std::vector<std::string>& NamesOf(const valijson::constraints::RequiredConstraint& constraint) const {
    return required_.find(&constraint)->second;
  }

 private:
  class Indexing;

  RewrittenSchema rewritten_;
  std::vector<std::unique_ptr<valijson::Schema>> schemas_;
  std::deque<std::string> names_;
  std::unordered_map<const void*, Properties> properties_;
  std::unordered_map<const void*, std::vector<Dependency>> dependencies_;
  std::unordered_map<const void*, std::vector<std::string>> required_;
};

/// Our own constraints travel through valijson as PolyConstraints. They are judged by the Judge, never by valijson.
class OwnConstraint : public valijson::constraints::PolyConstraint {
 public:
  enum class Kind { kRules, kTarget };

  OwnConstraint(Kind kind, std::size_t first, std::size_t count) : kind_(kind), first_(first), count_(count) {}

  Kind kind() const { return kind_; }
  std::size_t target() const { return first_; }
  std::size_t first_rule() const { return first_; }
  std::size_t rule_count() const { return count_; }

  bool validate(const valijson::adapters::Adapter&, const std::vector<std::string>&,
                valijson::ValidationResults*) const override {
    return true;
  }

 private:
  valijson::constraints::Constraint* cloneInto(void* memory) const override {
    return new (memory) OwnConstraint(*this);
  }
  std::size_t sizeOf() const override { return sizeof(OwnConstraint); }

  Kind kind_;
  std::size_t first_;
  std::size_t count_;
};

}  // namespace volcanion::infrastructure
