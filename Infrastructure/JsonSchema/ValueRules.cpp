#include "Infrastructure/JsonSchema/ValueRules.h"

#include "Infrastructure/JsonSchema/Decimal.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace volcanion::infrastructure {
namespace {

// A long text costs more than one visit to look at.
std::uint64_t TextCost(const JsonValue& value) { return 1 + value.size() / 64; }

class EnumRule final : public Rule {
 public:
  EnumRule(std::string_view keyword, std::span<const JsonValue> values) : Rule(keyword), values_(values) {
    for (const JsonValue& value : values) {
      values_inside_ += CountValues(value);
      if (value.IsString() && values.size() > kFewValues) strings_.insert(value.text());
    }
  }

  bool Holds(const JsonValue& value) const override {
    if (value.IsString() && values_.size() > kFewValues) return strings_.contains(value.text());
    return std::any_of(values_.begin(), values_.end(), [&](const JsonValue& allowed) { return Equal(allowed, value); });
  }

  std::string Complaint(const JsonValue& value) const override {
    std::vector<std::string> words;
    for (const JsonValue& allowed : values_.first(std::min(values_.size(), kNamedValues)))
      words.push_back(Quote(allowed));
    if (values_.empty()) return "is not allowed: no value is";
    std::string text = values_.size() == 1 ? "must be " : "must be one of ";
    for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : ", ") + words[i];
    if (values_.size() > words.size()) text += " and " + std::to_string(values_.size() - words.size()) + " more";
    return text + "; was " + Quote(value);
  }

  std::uint64_t Cost(const JsonValue& value) const override {
    if (value.IsString()) return TextCost(value) + (values_.size() > kFewValues ? 0 : values_.size() / 4);
    return 1 + values_inside_ / 4;
  }

 private:
  static constexpr std::size_t kFewValues = 8;
  static constexpr std::size_t kNamedValues = 10;

  std::span<const JsonValue> values_;
  std::size_t values_inside_ = 0;
  std::unordered_set<std::string_view> strings_;  // filled when there are more than a few values
};

class BoundRule final : public Rule {
 public:
  BoundRule(std::string_view keyword, Bound bound, const JsonValue& limit)
      : Rule(keyword), bound_(bound), text_(limit.text()), small_limit_(limit.SmallInteger()), limit_(limit.text()) {}

  bool Holds(const JsonValue& value) const override {
    if (!value.IsNumber()) return true;
    if (small_limit_) {
      if (const std::optional<std::int64_t> small = value.SmallInteger()) return Allows(*small <=> *small_limit_);
    }
    return Allows(Decimal(value.text()) <=> limit_);
  }

  std::string Complaint(const JsonValue& value) const override {
    static constexpr std::string_view kWords[] = {"at least", "at most", "greater than", "less than"};
    return "must be " + std::string(kWords[static_cast<int>(bound_)]) + " " + Cut(text_) + "; was " + Quote(value);
  }

  std::uint64_t Cost(const JsonValue& value) const override { return value.IsNumber() ? TextCost(value) : 1; }

 private:
  bool Allows(std::strong_ordering order) const {
    switch (bound_) {
      case Bound::kMinimum:
        return order >= 0;
      case Bound::kMaximum:
        return order <= 0;
      case Bound::kExclusiveMinimum:
        return order > 0;
      case Bound::kExclusiveMaximum:
        break;
    }
    return order < 0;
  }

  Bound bound_;
  std::string_view text_;
  std::optional<std::int64_t> small_limit_;
  Decimal limit_;
};

class MultipleOfRule final : public Rule {
 public:
  explicit MultipleOfRule(const JsonValue& divisor)
      : Rule("multipleOf"), text_(divisor.text()), small_divisor_(divisor.SmallInteger()), divisor_(divisor.text()) {}

  bool Holds(const JsonValue& value) const override {
    if (!value.IsNumber()) return true;
    if (small_divisor_) {
      if (const std::optional<std::int64_t> small = value.SmallInteger()) return *small % *small_divisor_ == 0;
    }
    return Decimal(value.text()).IsMultipleOf(divisor_);
  }

  std::string Complaint(const JsonValue& value) const override {
    return "must be a multiple of " + Cut(text_) + "; was " + Quote(value);
  }

  std::uint64_t Cost(const JsonValue& value) const override { return value.IsNumber() ? TextCost(value) : 1; }

 private:
  std::string_view text_;
  std::optional<std::int64_t> small_divisor_;
  Decimal divisor_;
};

}  // namespace

std::unique_ptr<Rule> MakeEnumRule(std::string_view keyword, std::span<const JsonValue> values) {
  return std::make_unique<EnumRule>(keyword, values);
}

std::unique_ptr<Rule> MakeBoundRule(std::string_view keyword, Bound bound, const JsonValue& limit) {
  return std::make_unique<BoundRule>(keyword, bound, limit);
}

std::unique_ptr<Rule> MakeMultipleOfRule(const JsonValue& divisor) {
  if (Decimal(divisor.text()).digit_count() > Decimal::kMaxDivisorDigits) return nullptr;
  return std::make_unique<MultipleOfRule>(divisor);
}

}  // namespace volcanion::infrastructure
