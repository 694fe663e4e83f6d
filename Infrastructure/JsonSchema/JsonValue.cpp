#include "Infrastructure/JsonSchema/JsonValue.h"

#include "Infrastructure/JsonSchema/Decimal.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace volcanion::infrastructure {
namespace {

std::size_t Mix(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 12) + (seed >> 4));
}

}  // namespace

JsonValue JsonValue::OfBoolean(bool value) {
  JsonValue made;
  made.type_ = JsonType::kBoolean;
  made.size_ = value ? 1 : 0;
  return made;
}

JsonValue JsonValue::OfNumber(std::string_view text) {
  JsonValue made;
  made.type_ = JsonType::kNumber;
  made.text_ = text.data();
  made.size_ = static_cast<std::uint32_t>(text.size());
  return made;
}

JsonValue JsonValue::OfString(std::string_view text) {
  JsonValue made = OfNumber(text);
  made.type_ = JsonType::kString;
  return made;
}

JsonValue JsonValue::OfArray(const JsonValue* elements, std::uint32_t size) {
  JsonValue made;
  made.type_ = JsonType::kArray;
  made.elements_ = elements;
  made.size_ = size;
  return made;
}

JsonValue JsonValue::OfObject(const JsonMember* members, std::uint32_t size, const std::uint32_t* by_name) {
  JsonValue made;
  made.type_ = JsonType::kObject;
  made.members_ = members;
  made.size_ = size;
  made.by_name_ = by_name;
  return made;
}

const JsonValue* JsonValue::Find(std::string_view name) const {
  if (by_name_ == nullptr) {
    for (const JsonMember& member : members()) {
      if (member.name.text() == name) return &member.value;
    }
    return nullptr;
  }
  const std::uint32_t* end = by_name_ + size_;
  const std::uint32_t* found = std::lower_bound(
      by_name_, end, name,
      [this](std::uint32_t index, std::string_view wanted) { return members_[index].name.text() < wanted; });
  if (found == end || members_[*found].name.text() != name) return nullptr;
  return &members_[*found].value;
}

std::optional<std::int64_t> JsonValue::SmallInteger() const {
  const char* at = text_;
  const char* end = text_ + size_;
  const bool negative = *at == '-';
  if (negative) ++at;
  if (end - at > 18) return std::nullopt;
  std::int64_t number = 0;
  for (; at != end; ++at) {
    if (*at < '0' || *at > '9') return std::nullopt;
    number = number * 10 + (*at - '0');
  }
  return negative ? -number : number;
}

bool Equal(const JsonValue& a, const JsonValue& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case JsonType::kNull:
      return true;
    case JsonType::kBoolean:
      return a.IsTrue() == b.IsTrue();
    case JsonType::kNumber:
      return a.text() == b.text() || Decimal(a.text()) == Decimal(b.text());
    case JsonType::kString:
      return a.text() == b.text();
    case JsonType::kArray:
      return std::equal(a.elements().begin(), a.elements().end(), b.elements().begin(), b.elements().end(), Equal);
    case JsonType::kObject:
      if (a.size() != b.size()) return false;
      for (const JsonMember& member : a.members()) {
        const JsonValue* other = b.Find(member.name.text());
        if (other == nullptr || !Equal(member.value, *other)) return false;
      }
      return true;
  }
  return false;
}

std::size_t Hash(const JsonValue& value) {
  const std::hash<std::string_view> hash_text;
  std::size_t hash = static_cast<std::size_t>(value.type()) * 0x517cc1b727220a95ULL;
  switch (value.type()) {
    case JsonType::kNull:
      break;
    case JsonType::kBoolean:
      hash = Mix(hash, value.IsTrue() ? 1 : 2);
      break;
    case JsonType::kNumber:
      hash = Mix(hash, Decimal(value.text()).Hash());
      break;
    case JsonType::kString:
      hash = Mix(hash, hash_text(value.text()));
      break;
    case JsonType::kArray:
      for (const JsonValue& element : value.elements()) hash = Mix(hash, Hash(element));
      break;
    case JsonType::kObject:
      // A sum, because the order of members does not count.
      for (const JsonMember& member : value.members()) {
        hash += Mix(Mix(1, hash_text(member.name.text())), Hash(member.value));
      }
      break;
  }
  return hash;
}

std::uint64_t Weight(const JsonValue& value) {
  switch (value.type()) {
    case JsonType::kNull:
    case JsonType::kBoolean:
      break;
    case JsonType::kNumber:
      return 1 + value.size() / 16;  // digits are taken one by one
    case JsonType::kString:
      return TextCost(value.text());
    case JsonType::kArray: {
      std::uint64_t weight = 1;
      for (const JsonValue& element : value.elements()) weight += Weight(element);
      return weight;
    }
    case JsonType::kObject: {
      std::uint64_t weight = 1;
      for (const JsonMember& member : value.members()) weight += TextCost(member.name.text()) + Weight(member.value);
      return weight;
    }
  }
  return 1;
}

std::size_t CountCharacters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void AppendJsonString(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void AppendJson(const JsonValue& value, std::string& out, std::size_t max_bytes) {
  if (out.size() > max_bytes) return;
  switch (value.type()) {
    case JsonType::kNull:
      out += "null";
      break;
    case JsonType::kBoolean:
      out += value.IsTrue() ? "true" : "false";
      break;
    case JsonType::kNumber:
      out += value.text().substr(0, max_bytes);
      break;
    case JsonType::kString:
      AppendJsonString(value.text().substr(0, max_bytes), out);
      break;
    case JsonType::kArray: {
      out += '[';
      bool first = true;
      for (const JsonValue& element : value.elements()) {
        if (out.size() > max_bytes) return;
        if (!std::exchange(first, false)) out += ',';
        AppendJson(element, out, max_bytes);
      }
      out += ']';
      break;
    }
    case JsonType::kObject: {
      out += '{';
      bool first = true;
      for (const JsonMember& member : value.members()) {
        if (out.size() > max_bytes) return;
        if (!std::exchange(first, false)) out += ',';
        AppendJsonString(member.name.text().substr(0, max_bytes), out);
        out += ':';
        AppendJson(member.value, out, max_bytes);
      }
      out += '}';
      break;
    }
  }
}

}  // namespace volcanion::infrastructure
