#pragma once

#include "Infrastructure/JsonSchema/EcmaPattern.h"
#include "Infrastructure/JsonSchema/Rule.h"
#include "Infrastructure/JsonSchema/SchemaRewriter.h"
#include "Infrastructure/JsonSchema/Valijson.h"
#include "Infrastructure/JsonSchema/ViolationLog.h"

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
    struct ByName {
      std::string_view name;
      const valijson::Subschema* schema;
    };
    std::vector<ByName> by_name;  // sorted
    std::vector<ByPattern> by_pattern;
    const valijson::Subschema* others;  // null where no others are allowed

    /// Null when the name is not listed.
    const valijson::Subschema* Find(std::string_view name) const;
  };

  struct Dependency {
    std::string_view when;
    std::vector<std::string_view> needs;
    const valijson::Subschema* schema;  // null where it is names that are needed
  };

  /// Takes over the rewritten schema. Throws what valijson throws when it refuses it.
  explicit SchemaModel(RewrittenSchema rewritten);
  ~SchemaModel();

  SchemaModel(const SchemaModel&) = delete;
  SchemaModel& operator=(const SchemaModel&) = delete;

  /// The schema itself is part 0; the others are targets of references.
  const valijson::Subschema& part(std::size_t index) const { return *parts_[index]; }
  Draft draft_of(std::size_t part) const { return rewritten_.parts[part].draft; }
  std::span<const std::unique_ptr<Rule>> rules() const { return rewritten_.rules; }

  /// Where a schema of the model stands in the schema that was published: a JSON Pointer, behind a URI and "#" when it
  /// is a metaschema's. Limited as PointerTo() is.
  std::string PointerOf(const valijson::Subschema& schema) const;

  // Each is made for every such constraint of the model.
  const Properties& PropertiesOf(const valijson::constraints::PropertiesConstraint& constraint) const {
    return properties_.find(&constraint)->second;
  }
  const std::vector<Dependency>& DependenciesOf(const valijson::constraints::DependenciesConstraint& constraint) const {
    return dependencies_.find(&constraint)->second;
  }
  const std::vector<std::string_view>& NamesOf(const valijson::constraints::RequiredConstraint& constraint) const {
    return required_.find(&constraint)->second;
  }

 private:
  class Indexing;

  struct Place {
    std::size_t part;
    const PathStep* path;  // within the part
  };

  RewrittenSchema rewritten_;
  std::unique_ptr<const valijson::Schema> schema_;
  std::vector<const valijson::Subschema*> parts_;
  std::deque<PathStep> steps_;
  std::unordered_map<const valijson::Subschema*, Place> places_;
  std::unordered_map<const void*, Properties> properties_;
  std::unordered_map<const void*, std::vector<Dependency>> dependencies_;
  std::unordered_map<const void*, std::vector<std::string_view>> required_;
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
