#pragma once

#include "Infrastructure/JsonSchema/Comparison/Conjunction.h"
#include "Infrastructure/JsonSchema/Comparison/TypeSet.h"
#include "Infrastructure/JsonSchema/Decimal.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// What is certain about the values that a conjunction lets through; there may be more that is true of them.
struct ConjunctionFacts {
  struct Limit {
    Decimal value;
    bool exclusive;
    std::string text;
  };
  struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = UINT64_MAX;
  };

  TypeSet types = kEveryType;  ///< none: no value is let through
  /// Where they are few: every value that may be let through, in the order of the schema.
  std::optional<std::vector<const JsonValue*>> values;
  std::optional<Limit> minimum;
  std::optional<Limit> maximum;
  std::vector<const JsonValue*> divisors;
  Range length;
  Range items;
  Range members;
  bool unique_items = false;
  std::set<std::string_view> patterns;
  std::set<std::string_view> formats;
  std::set<std::string_view> required;

  bool NoValue() const { return types == 0; }
};

/// `literals` has the values of the types that have few: {"values":[null,false,true]}.
ConjunctionFacts FactsAbout(const Conjunction& conjunction, const ComparedSchema& literals, ComparisonWork& work);

}  // namespace volcanion::infrastructure
