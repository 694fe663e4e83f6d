#include "Infrastructure/Postgres/CountCells.h"

#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/UserSketch.h"

#include <chrono>
#include <stdexcept>

namespace volcanion::infrastructure {
namespace {

constexpr std::chrono::minutes kQuarter{15};
constexpr std::size_t kUuidBytes = 16;

template <typename Integer>
void Put(Integer value, std::string& bytes) {
  for (int shift = (sizeof value - 1) * 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 255));
  }
}

class CellReader {
 public:
  explicit CellReader(std::string_view bytes) : rest_(bytes) {}

  bool AtEnd() const { return rest_.empty(); }
  std::string_view Bytes(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("an addition to the counts is cut off");
    const auto bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  template <typename Integer>
  Integer Number() {
    std::uint64_t value = 0;
    for (const char byte : Bytes(sizeof(Integer))) value = value << 8 | static_cast<std::uint8_t>(byte);
    return static_cast<Integer>(value);
  }

 private:
  std::string_view rest_;
};

/// The whole periods of so many quarters before it, since 1970; below zero before that.
std::int32_t NumberOf(Quarter quarter, Quarter period) {
  return quarter >= 0 ? quarter / period : -((-quarter + period - 1) / period);
}

std::int32_t MicrosIn(Quarter quarter, const std::optional<domain::Timestamp>& time, std::int32_t otherwise) {
  return time ? static_cast<std::int32_t>((*time - BeginOf(quarter)).count()) : otherwise;
}

}  // namespace

Quarter QuarterOf(domain::Timestamp time) {
  const auto since = time.time_since_epoch();
  const auto quarter = since / std::chrono::microseconds(kQuarter);
  return static_cast<Quarter>(since < quarter * std::chrono::microseconds(kQuarter) ? quarter - 1 : quarter);
}

Quarter QuarterUpTo(domain::Timestamp time) {
  const auto quarter = QuarterOf(time);
  return BeginOf(quarter) == time ? quarter : quarter + 1;
}

domain::Timestamp BeginOf(Quarter quarter) {
  return domain::Timestamp(std::chrono::microseconds(kQuarter) * static_cast<std::int64_t>(quarter));
}

Day DayOf(Quarter quarter) { return NumberOf(quarter, kQuartersOfDay); }
Hour HourOf(Quarter quarter) { return NumberOf(quarter, kQuartersOfHour); }

void AppendCell(const CountCell& cell, std::string& bytes) {
  bytes.append(BytesOf(cell.system.value));
  Put(cell.quarter, bytes);
  Put(static_cast<std::uint16_t>(cell.event_name.size()), bytes);
  bytes.append(cell.event_name);
  for (const auto count : {cell.counts.valid, cell.counts.invalid, cell.counts.unjudged, cell.counts.duplicates}) {
    Put(static_cast<std::int32_t>(count), bytes);
  }
  Put(MicrosIn(cell.quarter, cell.first_at, 1), bytes);
  Put(MicrosIn(cell.quarter, cell.last_at, 0), bytes);
  Put(static_cast<std::int32_t>(cell.users.size() / UserSketch::kEntryBytes), bytes);
  bytes.append(cell.users);
}

void ReadCells(std::string_view bytes, const std::function<void(const CountCell&)>& take) {
  CellReader reader(bytes);
  while (!reader.AtEnd()) {
    CountCell cell;
    cell.system = {UuidFromBytes(reader.Bytes(kUuidBytes))};
    cell.quarter = reader.Number<Quarter>();
    cell.event_name = reader.Bytes(reader.Number<std::uint16_t>());
    cell.counts.valid = reader.Number<std::int32_t>();
    cell.counts.invalid = reader.Number<std::int32_t>();
    cell.counts.unjudged = reader.Number<std::int32_t>();
    cell.counts.duplicates = reader.Number<std::int32_t>();
    const std::chrono::microseconds first(reader.Number<std::int32_t>()), last(reader.Number<std::int32_t>());
    if (first <= last) {
      cell.first_at = BeginOf(cell.quarter) + first;
      cell.last_at = BeginOf(cell.quarter) + last;
    }
    cell.users = reader.Bytes(static_cast<std::size_t>(reader.Number<std::uint32_t>()) * UserSketch::kEntryBytes);
    take(cell);
  }
}

}  // namespace volcanion::infrastructure
