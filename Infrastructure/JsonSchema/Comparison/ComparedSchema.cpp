#include "Infrastructure/JsonSchema/Comparison/ComparedSchema.h"

#include "Domain/JsonPointer.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {
namespace {

// Far below what a Judge takes, far above what people write.
constexpr std::size_t kMaxHeight = 300;

constexpr std::array<std::string_view, 8> kAppliedInPlace = {"allOf", "anyOf", "dependencies", "else",
                                                             "if",    "not",   "oneOf",        "then"};

bool Asks(const JsonMember& member, Draft draft) {
  return member.name.text() != "definitions" && FindKeyword(member.name.text(), draft) != nullptr;
}

}  // namespace

domain::Result<std::unique_ptr<const ComparedSchema>> ComparedSchema::Read(std::string_view text, int order) {
  domain::Result<SchemaText> read = ReadSchema(text);
  if (!read) return read.error();
  std::vector<domain::Fault> faults;
  std::unique_ptr<const ComparedSchema> schema(new ComparedSchema(std::move(*read), order, faults));
  if (!faults.empty())
    return domain::Error{domain::ErrorKind::kInvalid, "The schema cannot be used.", std::move(faults)};
  return schema;
}

const JsonValue& ComparedSchema::Resolved(const JsonValue& schema) const {
  const JsonValue* at = &schema;
  while (ReferenceOf(*at) != nullptr) at = references_.targets()[*references_.TargetOf(*at)].schema;
  return *at;
}

const JsonValue* ComparedSchema::Find(const JsonValue& schema, std::string_view keyword) const {
  if (!schema.IsObject() || FindKeyword(keyword, draft()) == nullptr) return nullptr;
  return schema.Find(keyword);
}

bool ComparedSchema::IsTrivial(const JsonValue& schema) const {
  const JsonValue& resolved = Resolved(schema);
  if (resolved.IsBoolean()) return resolved.IsTrue();
  const auto members = resolved.members();
  return std::none_of(members.begin(), members.end(),
                      [this](const JsonMember& member) { return Asks(member, draft()); });
}

const JsonMember* ComparedSchema::OnlyKeyword(const JsonValue& schema) const {
  if (!schema.IsObject()) return nullptr;
  const JsonMember* only = nullptr;
  for (const JsonMember& member : schema.members()) {
    if (!Asks(member, draft())) continue;
    if (only != nullptr) return nullptr;
    only = &member;
  }
  return only;
}

std::string ComparedSchema::PointerTo(const JsonValue& value) const {
  std::string pointer;
  const JsonValue* at = &root();
  // Positions grow in document order, a container's before those of what is in it.
  const auto starts_after = [](std::uint32_t position, std::uint32_t start) { return position < start; };
  while (at != &value) {
    if (at->IsObject() && at->size() != 0) {
      const auto members = at->members();
      const auto next = std::upper_bound(members.begin(), members.end(), value.position(),
                                         [&](std::uint32_t position, const JsonMember& member) {
                                           return starts_after(position, member.value.position());
                                         });
      if (next == members.begin()) return "";
      domain::AppendPointerToken((next - 1)->name.text(), pointer);
      at = &(next - 1)->value;
    } else if (at->IsArray() && at->size() != 0) {
      const auto elements = at->elements();
      const auto next = std::upper_bound(
          elements.begin(), elements.end(), value.position(),
          [&](std::uint32_t position, const JsonValue& element) { return starts_after(position, element.position()); });
      if (next == elements.begin()) return "";
      pointer += "/" + std::to_string(next - elements.begin() - 1);
      at = &*(next - 1);
    } else {
      return "";
    }
  }
  return pointer;
}

bool ComparedSchema::IsBeyondComparison() const {
  // Another draft's own schema would be read with the keywords of this one.
  if (std::ranges::any_of(references_.targets(), [this](const auto& target) { return target.draft != draft(); }))
    return true;
  Heights heights;
  std::unordered_set<const JsonValue*> seen;
  std::vector<const JsonValue*> waiting{&root()};
  while (!waiting.empty()) {
    const JsonValue& schema = *waiting.back();
    waiting.pop_back();
    if (!seen.insert(&schema).second) continue;
    if (IsEndlessHere(schema, 0, heights)) return true;
    if (ReferenceOf(schema) != nullptr) waiting.push_back(&Resolved(schema));
    // Definitions are used where they are referred to.
    ForEachSubschema(schema, draft(), [&](const JsonValue& child, const std::string& suffix) {
      if (!suffix.starts_with("/definitions/")) waiting.push_back(&child);
    });
  }
  return false;
}

/// Notes the schema's height: how many schemas judge one value in turn, at most. Its height is 0 while it is being
/// found.
bool ComparedSchema::IsEndlessHere(const JsonValue& schema, std::size_t depth, Heights& heights) const {
  if (depth > kMaxHeight) return true;
  const auto [known, added] = heights.emplace(&schema, 0);
  if (!added) return known->second == 0 || depth + known->second > kMaxHeight;
  std::size_t height = 0;
  bool endless = false;
  const auto go_through = [&](const JsonValue& next) {
    if (endless) return;
    endless = IsEndlessHere(next, depth + 1, heights);
    if (!endless) height = std::max(height, heights.at(&next));
  };
  if (ReferenceOf(schema) != nullptr) {
    go_through(*references_.targets()[*references_.TargetOf(schema)].schema);
  } else if (schema.IsObject()) {
    for (const std::string_view keyword : kAppliedInPlace) {
      const JsonValue* value = Find(schema, keyword);
      if (value == nullptr) continue;
      if (value->IsArray()) {
        for (const JsonValue& element : value->elements()) go_through(element);
      } else if (keyword == "dependencies") {
        for (const JsonMember& entry : value->members()) {
          if (!entry.value.IsArray()) go_through(entry.value);
        }
      } else {
        go_through(*value);
      }
    }
  }
  heights[&schema] = height + 1;
  return endless || height + 1 > kMaxHeight;
}

}  // namespace volcanion::infrastructure
