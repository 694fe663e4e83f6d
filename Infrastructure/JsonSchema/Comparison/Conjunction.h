#pragma once

#include "Infrastructure/JsonSchema/Comparison/SchemaPlace.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// Schemas that hold for one value together: none of them is a reference, what is under `allOf` stands beside its
/// schema, what is under `not` too, negated, and what asks for nothing is left out. In a fixed order.
class Conjunction {
 public:
  explicit Conjunction(std::vector<SchemaPlace> places);

  /// This and more.
  Conjunction With(std::span<const SchemaPlace> more) const;
  Conjunction With(const SchemaPlace& more) const { return With({&more, 1}); }

  std::span<const SchemaPlace> places() const { return places_; }
  bool IsAnything() const { return places_.empty() && !impossible_; }
  /// Whether one of them is `false`.
  bool impossible() const { return impossible_; }
  bool Has(const SchemaPlace& resolved) const;

  /// What holds for a member of that name, and for the element at that index.
  Conjunction Member(std::string_view name, ComparisonWork& work) const;
  Conjunction Element(std::size_t index) const;

  /// The schemas under that keyword.
  std::vector<SchemaPlace> Under(std::string_view keyword) const;

  /// One of the alternatives holds, each being schemas that hold together.
  struct Choice {
    const JsonValue* origin;
    std::vector<std::vector<SchemaPlace>> alternatives;
  };

  /// What `anyOf`, `oneOf` and `if` leave open, but for what was chosen already.
  std::vector<Choice> Choices() const;
  Conjunction Choose(const Choice& choice, std::size_t alternative) const;

 private:
  std::vector<SchemaPlace> places_;
  bool impossible_ = false;
  std::vector<const JsonValue*> chosen_;
};

}  // namespace volcanion::infrastructure
