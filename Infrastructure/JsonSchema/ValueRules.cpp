#include "Infrastructure/JsonSchema/ValueRules.h"

#include "Infrastructure/JsonSchema/Decimal.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::infrastructure {
namespace {

class EnumRule final : public Rule {
 public:
  EnumRule(std::string_view keyword, std::span<const JsonValue> values) : Rule(keyword), values_(values) {
    if (values.size() <= kFewValues) {
      for (const JsonValue& value : values) cost_ += Weight(value);
      return;
    }
    for (const JsonValue& value : values) by_hash_.push_back({volcanion::infrastructure::Hash(value), &value});
    std::sort(by_hash_.begin(), by_hash_.end(), [](const Hashed& a, const Hashed& b) { return a.hash < b.hash; });
    // Equal hashes are rare, unless somebody looked for them: then they cost.
    for (auto first = by_hash_.begin(); first != by_hash_.end();) {
      std::uint64_t cost = 0;
      const std::size_t hash = first->hash;
      for (; first != by_hash_.end() && first->hash == hash; ++first) cost += Weight(*first->value);
      cost_ = std::max(cost_, cost);
    }
  }

  bool Holds(const JsonValue& value) const override {
    if (by_hash_.empty()) {
      return std::any_of(values_.begin(), values_.end(),
                         [&](const JsonValue& allowed) { return Equal(allowed, value); });
    }
    const std::size_t hash = volcanion::infrastructure::Hash(value);
    auto at = std::lower_bound(by_hash_.begin(), by_hash_.end(), hash,
                               [](const Hashed& entry, std::size_t wanted) { return entry.hash < wanted; });
    for (; at != by_hash_.end() && at->hash == hash; ++at) {
      if (Equal(*at->value, value)) return true;
    }
    return false;
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

  // Comparing stops where either of the two ends.
  std::uint64_t Cost(const JsonValue& value) const override { return by_hash_.empty() ? cost_ : cost_ + Weight(value); }

 private:
  struct Hashed {
    std::size_t hash;
    const JsonValue* value;
  };

  static constexpr std::size_t kFewValues = 8;
  static constexpr std::size_t kNamedValues = 10;

  std::span<const JsonValue> values_;
  std::vector<Hashed> by_hash_;  // filled when there are more than a few values
  std::uint64_t cost_ = 0;       // of comparing with all that it can come to
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

  std::uint64_t Cost(const JsonValue& value) const override { return value.IsNumber() ? Weight(value) : 1; }

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

  // A long number is divided digit by digit.
  std::uint64_t Cost(const JsonValue& value) const override { return value.IsNumber() ? 1 + value.size() / 2 : 1; }

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
