#include "Application/Queries/EventCursor.h"

#include "Application/Base64.h"
#include "Application/Queries/PageCursor.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace volcanion::application {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kBytes = 1 + 8 + 8 + 16;  // version, question, event_timestamp, tracking_event_id

std::uint64_t QuestionOf(const EventQuery& query) {
  const auto text = [](const std::string& value) { return std::string_view(value); };
  Fingerprint print;
  if (query.is_of_all_systems) {
    print.Add("partner");
    print.Add(query.partner.ToString());
  } else {
    for (const auto& system : query.systems) print.Add(system.ToString());
  }
  print.AddOptional(query.event_name, text);
  print.AddOptional(query.from, domain::FormatRfc3339);
  print.AddOptional(query.to, domain::FormatRfc3339);
  print.AddOptional(query.user_id, text);
  print.AddOptional(query.anonymous_id, text);
  print.AddOptional(query.is_valid, [](bool value) { return std::string_view(value ? "t" : "f"); });
  print.Add(query.descending ? "desc" : "asc");
  print.AddOptional(query.correlation_id, text);
  print.AddOptional(query.verdict, [](domain::Verdict::Outcome verdict) { return domain::ToString(verdict); });
  print.AddOptional(query.violation_keyword, text);
  print.AddOptional(query.violation_pointer, text);
  for (const auto& property : query.properties) {
    print.Add(std::to_string(property.path.size()));
    for (const auto& name : property.path) print.Add(name);
    print.Add(std::to_string(static_cast<int>(property.comparison)));
    print.Add(property.value);
  }
  return print.value();
}

template <typename Integer>
void Put(std::string& bytes, Integer value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 255));
  }
}

std::uint64_t Take(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  bytes.remove_prefix(8);
  return value;
}

}  // namespace

std::string WriteCursor(const EventQuery& question, const EventKey& last) {
  std::string bytes(1, kVersion);
  Put(bytes, QuestionOf(question));
  Put(bytes, last.event_timestamp.time_since_epoch().count());
  const auto& id = last.tracking_event_id.value.bytes;
  bytes.append(reinterpret_cast<const char*>(id.data()), id.size());
  return EncodeBase64Url(bytes);
}

std::optional<EventKey> ReadCursor(const EventQuery& question, std::string_view cursor) {
  const auto decoded = DecodeBase64(cursor);
  if (!decoded || decoded->size() != kBytes || decoded->front() != kVersion) return std::nullopt;
  std::string_view rest(*decoded);
  rest.remove_prefix(1);
  if (Take(rest) != QuestionOf(question)) return std::nullopt;
  EventKey key;
  const std::chrono::microseconds since_epoch{static_cast<std::int64_t>(Take(rest))};
  key.event_timestamp = domain::Timestamp(since_epoch);
  // A forged cursor may hold any 64 bits; PostgreSQL takes years 1 to 9999 from us and nothing else.
  if (key.event_timestamp < std::chrono::sys_days(std::chrono::year(1) / 1 / 1) ||
      key.event_timestamp >= std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1)) {
    return std::nullopt;
  }
  std::memcpy(key.tracking_event_id.value.bytes.data(), rest.data(), rest.size());
  return key;
}

}  // namespace volcanion::application
