#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <array>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kMaxQuotedBytes = 60;
constexpr std::string_view kEllipsis = "...";

/// Whether a string reads as itself without quotes: nobody takes it for a number, a literal or the end of a list.
bool IsPlainWords(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kLiterals = {"null", "true", "false"};
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (std::find(kLiterals.begin(), kLiterals.end(), text) != kLiterals.end()) return false;
  const char first = text.front();
  if ((first >= '0' && first <= '9') || first == '-' || first == '[' || first == '{') return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == ',' || c == ';' || c == 0x7f;
  });
}

}  // namespace

std::string Cut(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) += kEllipsis;
}

std::string Quote(const JsonValue& value) {
  if (value.IsString() && IsPlainWords(value.text().substr(0, kMaxQuotedBytes + 1))) return Cut(value.text());
  std::string text;
  AppendJson(value, text, kMaxQuotedBytes + 1);  // so that Cut sees that there is more
  return Cut(text);
}

std::string_view WithArticle(JsonType type) {
  switch (type) {
    case JsonType::kNull:
      return "null";
    case JsonType::kBoolean:
      return "a boolean";
    case JsonType::kNumber:
      return "a number";
    case JsonType::kString:
      return "a string";
    case JsonType::kArray:
      return "an array";
    case JsonType::kObject:
      break;
  }
  return "an object";
}

std::string Counted(std::uint64_t count, std::string_view noun) {
  std::string text = std::to_string(count);
  text += ' ';
  text += noun;
  if (count != 1) text += 's';
  return text;
}

}  // namespace volcanion::infrastructure
