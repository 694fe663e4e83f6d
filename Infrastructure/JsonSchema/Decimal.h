#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// The exact value of a JSON number: digits times a power of ten, in one form for each value, so that 1, 1.0 and 10e-1
/// are equal. Exponents beyond 64 bits are taken for the largest there is.
class Decimal {
 public:
  /// `text` must be a JSON number.
  explicit Decimal(std::string_view text);

  bool IsInteger() const { return exponent_ >= 0; }
  bool IsPositive() const { return !negative_ && !digits_.empty(); }

  /// At most so many digits may a divisor have.
  static constexpr std::size_t kMaxDivisorDigits = 18;
  std::size_t digit_count() const { return digits_.size(); }

  /// Whether this is an integer times the divisor, which must be positive and have at most kMaxDivisorDigits digits.
  bool IsMultipleOf(const Decimal& divisor) const;

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const = default;

  std::size_t Hash() const;

 private:
  bool negative_ = false;
  std::string digits_;         // no zero at either end; empty for zero
  std::int64_t exponent_ = 0;  // of the last digit; 0 for zero
};

}  // namespace volcanion::infrastructure
