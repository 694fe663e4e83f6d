#pragma once

#include "Domain/ApiKey.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <soci/soci.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

/// How values pass through SOCI, for the adapters that use it: texts, UUIDs as text, times as RFC 3339 in and as
/// microseconds since 1970 out. std::tm would lose the zone and the microseconds.
namespace volcanion::infrastructure {

/// A column that may be NULL: soci::into(column.value, column.indicator).
template <typename T>
struct Nullable {
  T value{};
  soci::indicator indicator = soci::i_null;

  bool has_value() const { return indicator == soci::i_ok; }
};

/// Runs `statement`, which has its variables exchanged, once, and calls `on_row` after each row that it has fetched
/// into them. `soci::session::prepare` is not used: it names the statement at the server, which costs two more round
/// trips and breaks behind poolers.
template <typename OnRow>
void ForEachRow(soci::statement& statement, const std::string& sql, OnRow on_row) {
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) on_row();
}

inline domain::Timestamp TimestampFromMicros(long long micros) {
  return domain::Timestamp(std::chrono::microseconds(micros));
}

/// SOCI cuts a text at its first NUL byte, and PostgreSQL has no text with one: such a text must not get there.
inline bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

inline domain::Error HasNulByte(std::string pointer) {
  return {domain::ErrorKind::kInvalid,
          "A text has a character that cannot be stored.",
          {{std::move(pointer), "invalid_character", "must not contain U+0000"}}};
}

/// What a column with a check constraint holds.
template <typename T>
T ValueOfColumn(std::optional<T> parsed) {
  if (!parsed) throw std::runtime_error("a column holds a value that it cannot have");
  return *std::move(parsed);
}

/// A column of type uuid, as text.
template <typename Id>
Id IdFromColumn(std::string_view text) {
  const auto id = Id::Parse(text);
  if (!id) throw std::runtime_error("a uuid column holds no UUID");
  return *id;
}

/// A SHA-256 as hexadecimal digits, for decode(..., 'hex') and from encode(..., 'hex').
inline std::string HexOf(const domain::SecretHash& hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : hash.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

inline domain::SecretHash HashFromHex(std::string_view hex) {
  domain::SecretHash hash;
  if (hex.size() != 2 * hash.bytes.size()) throw std::runtime_error("a hash column holds no SHA-256");
  for (std::size_t i = 0; i < hash.bytes.size(); ++i) {
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, hash.bytes[i], 16);
  }
  return hash;
}

/// Ids as a text of type uuid[].
template <typename Ids>
std::string ArrayText(const Ids& ids) {
  std::string text = "{";
  for (const auto& id : ids) {
    if (text.size() > 1) text.push_back(',');
    text += id.ToString();
  }
  return text + "}";
}

}  // namespace volcanion::infrastructure
