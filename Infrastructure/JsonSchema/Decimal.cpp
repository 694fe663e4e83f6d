#include "Infrastructure/JsonSchema/Decimal.h"

#include <functional>

namespace volcanion::infrastructure {
namespace {

constexpr std::int64_t kLargestExponent = std::int64_t{1} << 60;

__extension__ using Wide = unsigned __int128;

std::uint64_t MultiplyModulo(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b % modulus);
}

std::uint64_t PowerOfTenModulo(std::uint64_t exponent, std::uint64_t modulus) {
  std::uint64_t result = 1 % modulus;
  std::uint64_t square = 10 % modulus;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = MultiplyModulo(result, square, modulus);
    square = MultiplyModulo(square, square, modulus);
  }
  return result;
}

}  // namespace

Decimal::Decimal(std::string_view text) {
  std::size_t at = 0;
  if (text[at] == '-') {
    negative_ = true;
    ++at;
  }
  bool in_fraction = false;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      in_fraction = true;
      continue;
    }
    if (in_fraction) --exponent_;
    if (text[at] != '0' || !digits_.empty()) digits_ += text[at];
  }
  if (digits_.empty()) {
    negative_ = false;
    exponent_ = 0;
    return;
  }
  if (at < text.size()) {
    ++at;
    const bool minus = text[at] == '-';
    if (minus || text[at] == '+') ++at;
    std::int64_t written = 0;
    for (; at < text.size(); ++at) {
      written = written >= kLargestExponent / 10 ? kLargestExponent : written * 10 + (text[at] - '0');
    }
    exponent_ += minus ? -written : written;
  }
  const std::size_t last = digits_.find_last_not_of('0');
  exponent_ += static_cast<std::int64_t>(digits_.size() - 1 - last);
  digits_.resize(last + 1);
}

bool Decimal::IsMultipleOf(const Decimal& divisor) const {
  if (digits_.empty()) return true;
  // Without zeros at their ends, digits are never a multiple of digits times ten.
  if (exponent_ < divisor.exponent_) return false;
  std::uint64_t modulus = 0;
  for (const char digit : divisor.digits_) modulus = modulus * 10 + static_cast<std::uint64_t>(digit - '0');
  std::uint64_t remainder = 0;
  for (const char digit : digits_) {
    remainder =
        static_cast<std::uint64_t>((static_cast<Wide>(remainder) * 10 + static_cast<Wide>(digit - '0')) % modulus);
  }
  const auto shift = static_cast<std::uint64_t>(exponent_ - divisor.exponent_);
  return MultiplyModulo(remainder, PowerOfTenModulo(shift, modulus), modulus) == 0;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const int sign = digits_.empty() ? 0 : negative_ ? -1 : 1;
  const int other_sign = other.digits_.empty() ? 0 : other.negative_ ? -1 : 1;
  if (sign != other_sign) return sign <=> other_sign;
  if (sign == 0) return std::strong_ordering::equal;
  const std::int64_t magnitude = exponent_ + static_cast<std::int64_t>(digits_.size());
  const std::int64_t other_magnitude = other.exponent_ + static_cast<std::int64_t>(other.digits_.size());
  const std::strong_ordering order =
      magnitude != other_magnitude ? magnitude <=> other_magnitude : digits_.compare(other.digits_) <=> 0;
  return sign < 0 ? 0 <=> order : order;
}

std::size_t Decimal::Hash() const {
  return std::hash<std::string>()(digits_) * 31 + static_cast<std::size_t>(exponent_) * 2 + (negative_ ? 1 : 0);
}

}  // namespace volcanion::infrastructure
