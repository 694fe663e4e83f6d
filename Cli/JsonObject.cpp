#include "Cli/JsonObject.h"

#include <charconv>
#include <utility>

namespace volcanion::cli {
namespace {

/// Answers hold schemas, which may be nested deeper than any body of ours, and long lists.
constexpr api::SplitLimits kLimits{.max_depth = 256, .max_values = 10'000'000};

}  // namespace

domain::Result<JsonObject> JsonObject::Parse(std::string text) {
  auto members = api::SplitObject(text, kLimits);
  if (!members) return std::move(members).error();
  JsonObject object;
  object.text_ = std::move(text);
  object.members_ = *std::move(members);
  return object;
}

const api::JsonMember* JsonObject::Find(std::string_view name) const {
  for (const auto& member : members_) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

bool JsonObject::Has(std::string_view name) const {
  const auto* member = Find(name);
  return member != nullptr && member->value.kind != api::JsonKind::kNull;
}

std::string JsonObject::Text(std::string_view name) const {
  if (!Has(name)) return {};
  const auto& value = Find(name)->value;
  return value.kind == api::JsonKind::kString ? value.string : std::string(value.In(text_));
}

std::int64_t JsonObject::Integer(std::string_view name) const {
  const auto text = Text(name);
  std::int64_t number = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view JsonObject::Raw(std::string_view name) const {
  const auto* member = Find(name);
  return member == nullptr ? std::string_view("null") : member->value.In(text_);
}

JsonObject JsonObject::Object(std::string_view name) const {
  auto object = Parse(std::string(Raw(name)));
  return object ? *std::move(object) : JsonObject();
}

std::vector<JsonObject> JsonObject::Objects(std::string_view name) const {
  std::vector<JsonObject> objects;
  const std::string array(Raw(name));
  const auto elements = api::SplitArray(array, kLimits);
  if (!elements) return objects;
  for (const auto& element : *elements) {
    if (auto object = Parse(std::string(element.In(array)))) objects.push_back(*std::move(object));
  }
  return objects;
}

std::string WithoutBlanks(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  bool in_string = false, is_escaped = false;
  for (const char c : json) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (in_string || !is_blank) text += c;
    if (c == '"' && !is_escaped) in_string = !in_string;
    is_escaped = c == '\\' && !is_escaped;
  }
  return text;
}

domain::Result<domain::Done> CheckJson(std::string_view text) {
  const auto array = "[" + std::string(text) + "]";
  const auto elements = api::SplitArray(array, kLimits);
  if (!elements) return elements.error();
  if (elements->size() == 1) return domain::Done{};
  return domain::Error{domain::ErrorKind::kMalformed, "It is not one JSON value."};
}

}  // namespace volcanion::cli
