#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

enum class JsonType : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

struct JsonMember;

/// A JSON value as it was written: numbers keep their text, so that nothing is lost to a double; the members of an
/// object are in document order and their names are unique (the last of duplicates counts). A view: text, elements and
/// members belong to the JsonDocument that read it. Trivial to copy.
class JsonValue {
 public:
  JsonValue() = default;

  static JsonValue OfBoolean(bool value);
  static JsonValue OfNumber(std::string_view text);
  static JsonValue OfString(std::string_view text);
  static JsonValue OfArray(const JsonValue* elements, std::uint32_t size);
  /// Where there are more than kMaxUnsorted members, `by_name` gives their indexes ordered by name; else it is null.
  static JsonValue OfObject(const JsonMember* members, std::uint32_t size, const std::uint32_t* by_name);

  /// Up to so many members are searched one by one.
  static constexpr std::uint32_t kMaxUnsorted = 16;

  JsonType type() const { return type_; }
  bool IsNull() const { return type_ == JsonType::kNull; }
  bool IsBoolean() const { return type_ == JsonType::kBoolean; }
  bool IsNumber() const { return type_ == JsonType::kNumber; }
  bool IsString() const { return type_ == JsonType::kString; }
  bool IsArray() const { return type_ == JsonType::kArray; }
  bool IsObject() const { return type_ == JsonType::kObject; }
  bool IsTrue() const { return IsBoolean() && size_ != 0; }
  bool IsFalse() const { return IsBoolean() && size_ == 0; }

  /// Bytes of a string or of a number's text, elements of an array, members of an object.
  std::uint32_t size() const { return size_; }

  /// The text of a string (unescaped) or of a number (as written).
  std::string_view text() const { return {text_, size_}; }
  std::span<const JsonValue> elements() const;
  std::span<const JsonMember> members() const;

  /// The member of that name, or null. Only for objects.
  const JsonValue* Find(std::string_view name) const;

  /// The number where it is written as an integer of at most 18 digits: the fast path before Decimal.
  std::optional<std::int64_t> SmallInteger() const;

  /// Where the value stands in its document: grows in document order, a container before what is in it.
  std::uint32_t position() const { return position_; }
  void set_position(std::uint32_t position) { position_ = position; }

 private:
  JsonType type_ = JsonType::kNull;
  std::uint32_t size_ = 0;  // of a boolean: its value
  std::uint32_t position_ = 0;
  union {
    const char* text_ = nullptr;
    const JsonValue* elements_;
    const JsonMember* members_;
  };
  const std::uint32_t* by_name_ = nullptr;
};

struct JsonMember {
  JsonValue name;
  JsonValue value;
};

inline std::span<const JsonValue> JsonValue::elements() const { return {elements_, size_}; }
inline std::span<const JsonMember> JsonValue::members() const { return {members_, size_}; }

/// Equality as JSON Schema has it: 1 equals 1.0, and the order of members does not count.
bool Equal(const JsonValue& a, const JsonValue& b);

/// Equal values have equal hashes.
std::size_t Hash(const JsonValue& value);

// What it costs to look at all of a text or a value, in the steps of Effort.
inline std::uint64_t TextCost(std::string_view text) { return 1 + text.size() / 64; }
std::uint64_t Weight(const JsonValue& value);

/// Unicode characters of a UTF-8 text.
std::size_t CountCharacters(std::string_view utf8);

/// Appends JSON text; with a limit it stops soon after so many bytes, mid-value.
void AppendJson(const JsonValue& value, std::string& out, std::size_t max_bytes = SIZE_MAX);

/// Appends a JSON string literal of the text.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace volcanion::infrastructure
