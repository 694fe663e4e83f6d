#pragma once

#include "Infrastructure/JsonSchema/JsonValue.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// What one keyword asks of one value, without looking at other schemas. Immutable; safe to use from any number of
/// threads at once.
class Rule {
 public:
  explicit Rule(std::string_view keyword) : keyword_(keyword) {}
  virtual ~Rule() = default;

  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  /// The keyword, a literal.
  std::string_view keyword() const { return keyword_; }

  /// True also for values of a type that the keyword does not speak of.
  virtual bool Holds(const JsonValue& value) const = 0;

  /// What to do about a value for which it does not hold: "must be at least 0".
  virtual std::string Complaint(const JsonValue& value) const = 0;

  /// How much work Holds() is, in the steps of Effort.
  virtual std::uint64_t Cost(const JsonValue& value) const = 0;

  /// How many steps more it may come to.
  virtual std::uint64_t Risk(const JsonValue&) const { return 0; }

 private:
  std::string_view keyword_;
};

}  // namespace volcanion::infrastructure
