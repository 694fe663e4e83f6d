#include "Infrastructure/Postgres/UserSketch.h"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace volcanion::infrastructure {
namespace {

constexpr int kPlaces = 52;  // bits of the hash behind those that say which register

double Sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double power = 1.0, sum = x, before = 0.0;
  do {
    x *= x;
    before = sum;
    sum += x * power;
    power += power;
  } while (sum != before);
  return sum;
}

double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double power = 1.0, sum = 1.0 - x, before = 0.0;
  do {
    x = std::sqrt(x);
    before = sum;
    power *= 0.5;
    sum -= (1.0 - x) * (1.0 - x) * power;
  } while (sum != before);
  return sum / 3.0;
}

}  // namespace

std::uint32_t UserEntry(std::string_view user_id) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(user_id.data()), user_id.size());
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | hash[static_cast<std::size_t>(i)];
  const auto place = std::min(std::countl_zero(bits << 12), kPlaces) + 1;
  return static_cast<std::uint32_t>(bits >> kPlaces) * 64 + static_cast<std::uint32_t>(place);
}

void UserSketch::AppendEntry(std::uint32_t entry, std::string& bytes) {
  for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<char>(entry >> shift & 255));
}

void UserSketch::Add(std::uint32_t entry) {
  auto& known = registers_[entry / 64 % kRegisters];
  known = std::max(known, static_cast<std::uint8_t>(entry % 64));
}

void UserSketch::MergeEntries(std::string_view entries) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(entries[at]); };
  for (std::size_t i = 0; i + kEntryBytes <= entries.size(); i += kEntryBytes) {
    Add(static_cast<std::uint32_t>(byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2)));
  }
}

void UserSketch::MergeRegisters(std::string_view registers) {
  for (std::size_t i = 0; i < registers.size(); ++i) {
    auto& known = registers_[i % kRegisters];
    known = std::max(known, static_cast<std::uint8_t>(registers[i]));
  }
}

std::string UserSketch::ToBytes() const {
  std::string entries;
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (registers_[i] != 0) AppendEntry(static_cast<std::uint32_t>(i) * 64 + registers_[i], entries);
  }
  if (entries.size() < kRegisters) return entries;
  return {registers_.begin(), registers_.end()};
}

std::int64_t UserSketch::Estimate() const {
  std::array<int, kPlaces + 2> with{};  // how many registers hold this
  for (const auto held : registers_) ++with[std::min<std::size_t>(held, kPlaces + 1)];
  constexpr double kSize = kRegisters;
  double sum = kSize * Tau(1.0 - with[kPlaces + 1] / kSize);
  for (std::size_t held = kPlaces; held >= 1; --held) sum = 0.5 * (sum + with[held]);
  sum += kSize * Sigma(with[0] / kSize);
  return std::llround(kSize * kSize / (2.0 * std::numbers::ln2 * sum));
}

}  // namespace volcanion::infrastructure
