#include "Api/Json/BodyReader.h"

#include "Domain/JsonPointer.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace volcanion::api {

domain::Result<BodyReader> BodyReader::Open(std::string_view text) {
  auto members = SplitObject(text, {.max_values = 100});
  if (!members) return std::move(members).error();
  return BodyReader(text, *std::move(members));
}

JsonMember* BodyReader::Take(std::string_view name) {
  asked_.push_back(name);
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const auto& member) { return member.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

bool BodyReader::Has(std::string_view name) const {
  return std::any_of(members_.begin(), members_.end(), [&](const auto& member) { return member.name == name; });
}

std::optional<std::string> BodyReader::OptionalString(std::string_view name) {
  auto* member = Take(name);
  if (member == nullptr || member->value.kind == JsonKind::kNull) return std::nullopt;
  if (member->value.kind != JsonKind::kString) {
    Note(name, "wrong_type", "must be a string");
    return std::nullopt;
  }
  return member->value.string;
}

std::string BodyReader::RequiredString(std::string_view name) {
  auto text = OptionalString(name);
  if (!text && (faults_.empty() || faults_.back().pointer != "/" + std::string(name))) {
    Note(name, "required", "is required");
  }
  return std::move(text).value_or("");
}

int BodyReader::RequiredInteger(std::string_view name) {
  const auto digits = RequiredJson(name);
  return digits.empty() ? 0 : ReadInteger(name, digits);
}

std::optional<int> BodyReader::OptionalInteger(std::string_view name) {
  const auto* member = Take(name);
  if (member == nullptr || member->value.kind == JsonKind::kNull) return std::nullopt;
  return ReadInteger(name, member->value.In(text_));
}

int BodyReader::ReadInteger(std::string_view name, std::string_view digits) {
  int number = 0;
  const auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_whole = error == std::errc() && stopped == digits.data() + digits.size();
  if (!is_whole) Note(name, "wrong_type", "must be an integer");
  return is_whole ? number : 0;
}

std::optional<bool> BodyReader::OptionalBoolean(std::string_view name) {
  const auto* member = Take(name);
  if (member == nullptr || member->value.kind == JsonKind::kNull) return std::nullopt;
  if (member->value.kind != JsonKind::kBoolean) Note(name, "wrong_type", "must be true or false");
  return member->value.In(text_) == "true";
}

std::optional<BodyReader> BodyReader::OptionalObject(std::string_view name) {
  const auto* member = Take(name);
  if (member == nullptr || member->value.kind == JsonKind::kNull) return std::nullopt;
  auto object = Open(member->value.In(text_));
  if (object) return *std::move(object);
  Note(name, "wrong_type", "must be a JSON object");
  return std::nullopt;
}

void BodyReader::Adopt(std::string_view name, domain::Result<domain::Done> finished) {
  if (finished) return;
  for (auto& fault : finished.error().faults) {
    std::string pointer;
    domain::AppendPointerToken(name, pointer);
    faults_.push_back({pointer + fault.pointer, std::move(fault.code), std::move(fault.message)});
  }
}

std::string_view BodyReader::RequiredJson(std::string_view name) {
  const auto* member = Take(name);
  if (member != nullptr) return member->value.In(text_);
  Note(name, "required", "is required");
  return {};
}

std::vector<std::string> BodyReader::RequiredArray(std::string_view name) {
  std::vector<std::string> texts;
  const auto json = RequiredJson(name);
  if (json.empty()) return texts;
  const auto elements = SplitArray(json);
  if (!elements) {
    Note(name, "wrong_type", "must be a JSON array");
    return texts;
  }
  for (const auto& element : *elements) texts.emplace_back(element.In(json));
  return texts;
}

void BodyReader::Note(std::string_view name, std::string code, std::string message) {
  std::string pointer;
  domain::AppendPointerToken(name, pointer);
  faults_.push_back({std::move(pointer), std::move(code), std::move(message)});
}

domain::Result<domain::Done> BodyReader::Finish() {
  std::set<std::string_view> seen;
  for (const auto& member : members_) {
    if (!seen.insert(member.name).second) {
      Note(member.name, "duplicate_member", "must stand once only");
    } else if (std::find(asked_.begin(), asked_.end(), member.name) == asked_.end()) {
      Note(member.name, "unknown_member", "is not known here");
    }
  }
  if (faults_.empty()) return domain::Done{};
  return domain::Error{domain::ErrorKind::kInvalid, "The body breaks a rule.", std::move(faults_)};
}

}  // namespace volcanion::api
