#include "Infrastructure/Postgres/QuarterCounts.h"

#include <array>
#include <stdexcept>

namespace volcanion::infrastructure {
namespace {

constexpr std::array kCounts = {&EventCounts::valid, &EventCounts::invalid, &EventCounts::unjudged,
                                &EventCounts::duplicates};

void PutNumber(std::int64_t value, std::string& bytes) {
  auto rest = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  for (; rest >= 128; rest >>= 7) bytes.push_back(static_cast<char>((rest & 127) | 128));
  bytes.push_back(static_cast<char>(rest));
}

class NumberReader {
 public:
  explicit NumberReader(std::string_view bytes) : bytes_(bytes) {}

  bool AtEnd() const { return at_ == bytes_.size(); }
  std::uint8_t Byte() {
    if (AtEnd()) throw std::runtime_error("a row of day_counts is cut off");
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::int64_t Number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = Byte();
      value |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) break;
    }
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::string WriteQuarters(const QuartersOfDay& quarters) {
  std::string bytes(1, '\0');
  for (const auto& [quarter, counts] : quarters) {
    std::uint8_t present = 0;
    for (std::size_t i = 0; i < kCounts.size(); ++i) {
      if (counts.*kCounts[i] != 0) present = static_cast<std::uint8_t>(present | 1 << i);
    }
    if (present == 0) continue;
    ++bytes[0];
    bytes.push_back(static_cast<char>(quarter));
    bytes.push_back(static_cast<char>(present));
    for (const auto count : kCounts) {
      if (counts.*count != 0) PutNumber(counts.*count, bytes);
    }
  }
  return bytes;
}

void ReadQuarters(std::string_view bytes, const std::function<void(int, const EventCounts&)>& take) {
  NumberReader reader(bytes);
  while (!reader.AtEnd()) {
    for (auto left = reader.Byte(); left > 0; --left) {
      const int quarter = reader.Byte();
      const auto present = reader.Byte();
      EventCounts counts;
      for (std::size_t i = 0; i < kCounts.size(); ++i) {
        if ((present >> i & 1) != 0) counts.*kCounts[i] = reader.Number();
      }
      take(quarter, counts);
    }
  }
}

}  // namespace volcanion::infrastructure
