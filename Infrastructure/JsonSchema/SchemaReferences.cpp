#include "Infrastructure/JsonSchema/SchemaReferences.h"

#include "Domain/JsonPointer.h"
#include "Infrastructure/JsonSchema/Metaschemas.h"
#include "Infrastructure/JsonSchema/UriReference.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace volcanion::infrastructure {
namespace {

// Keeps what a hostile schema can make us hold in proportion to its size.
constexpr std::size_t kMaxUriBytes = 2000;
constexpr std::size_t kMaxPointerBytes = 1000;

std::string DecodeToken(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      name += token[++i] == '0' ? '~' : '/';
    } else {
      name += token[i];
    }
  }
  return name;
}

const JsonValue* Child(const JsonValue& value, const std::string& token) {
  if (value.IsObject()) return value.Find(token);
  if (!value.IsArray()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size() || index >= value.size()) return nullptr;
  return &value.elements()[index];
}

}  // namespace

SchemaReferences::SchemaReferences(const JsonValue& root, Draft draft, std::vector<domain::Fault>& faults)
    : faults_(faults) {
  WalkDocument(root, draft, "", "");
  // Resolving a reference to a place that is no schema by itself walks that place, which may find more references.
  for (std::size_t i = 0; i < references_.size() && !too_many(); ++i) Resolve(Reference(references_[i]));
  if (too_many()) {
    faults_.assign(1, {"", "too_large", "must not hold more than " + std::to_string(kMaxSchemas) + " schemas"});
  } else {
    RefuseCircles();
  }
}

const std::size_t* SchemaReferences::IndexOf(const JsonValue& schema) const {
  const auto found = target_indexes_.find(&schema);
  return found == target_indexes_.end() ? nullptr : &found->second;
}

std::optional<std::size_t> SchemaReferences::TargetOf(const JsonValue& reference) const {
  const auto found = followed_.find(&reference);
  return found == followed_.end() ? std::nullopt : std::optional(found->second);
}

std::string SchemaReferences::PointerOf(const Place& place) {
  std::vector<const Place*> chain;
  for (const Place* at = &place; at != nullptr; at = at->parent) chain.push_back(at);
  std::string pointer;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    if (pointer.size() + (*at)->suffix.size() > kMaxPointerBytes) break;
    pointer += (*at)->suffix;
  }
  return pointer;
}

void SchemaReferences::WalkDocument(const JsonValue& root, Draft draft, const std::string& uri, std::string prefix) {
  resources_.emplace(uri, &root);
  WalkPlace(root, all_places_.emplace_back(Place{nullptr, std::move(prefix), &bases_.emplace_back(uri), draft}));
}

void SchemaReferences::Walk(const JsonValue& schema, const Place& parent, std::string suffix) {
  if (places_.contains(&schema) || too_many()) return;
  WalkPlace(schema, all_places_.emplace_back(Place{&parent, std::move(suffix), parent.base, parent.draft}));
}

void SchemaReferences::WalkPlace(const JsonValue& schema, Place& place) {
  places_.emplace(&schema, &place);
  if (ReferenceOf(schema) != nullptr) {
    references_.push_back({&schema, &place});
  } else if (schema.IsObject()) {
    Register(schema, place);
  }
  ForEachSubschema(schema, place.draft,
                   [&](const JsonValue& child, std::string below) { Walk(child, place, std::move(below)); });
}

void SchemaReferences::Register(const JsonValue& schema, Place& place) {
  const std::string_view keyword = place.draft == Draft::k4 ? "id" : "$id";
  const JsonValue* id = schema.Find(keyword);
  if (id == nullptr || !id->IsString()) return;
  const SplitUri split = SplitAtFragment(id->text());
  std::string base = *place.base;
  if (!split.resource.empty()) base = ResolveUri(base, split.resource);
  if (base.size() + split.fragment.size() > kMaxUriBytes) {
    return Refuse(place, keyword, "invalid_keyword", "must not be longer than 2000 bytes");
  }
  if (!split.fragment.empty()) resources_.emplace(base + "#" + std::string(split.fragment), &schema);
  if (split.resource.empty()) return;
  resources_.emplace(base, &schema);
  place.base = &bases_.emplace_back(std::move(base));
}

void SchemaReferences::Resolve(const Reference& reference) {
  const std::string_view text = ReferenceOf(*reference.schema)->text();
  const auto refuse = [&](std::string code, const std::string& message) {
    Refuse(*reference.place, "$ref", std::move(code), "\"" + std::string(text.substr(0, 200)) + "\" " + message);
  };
  if (text.size() > kMaxUriBytes) return refuse("invalid_keyword", "must not be longer than 2000 bytes");
  const SplitUri split = SplitAtFragment(text);
  const std::string uri = ResolveUri(*reference.place->base, split.resource);
  auto resource = resources_.find(uri);
  if (resource == resources_.end()) {
    if (const Metaschema* metaschema = FindMetaschema(uri)) {
      WalkDocument(metaschema->root, metaschema->draft, uri, std::string(metaschema->uri) + "#");
      resource = resources_.find(uri);
    }
  }
  if (resource == resources_.end()) {
    return refuse("remote_reference",
                  "is not in this schema, and nothing is fetched from elsewhere: copy the schema it names into "
                  "\"definitions\" and refer to it with \"#/definitions/...\"");
  }
  Found found{resource->second, places_.at(resource->second)};
  if (split.fragment.starts_with('/')) {
    found = FollowPointer(found, PercentDecode(split.fragment));
  } else if (!split.fragment.empty()) {
    const auto anchor = resources_.find(uri + "#" + PercentDecode(split.fragment));
    found = anchor == resources_.end() ? Found{} : Found{anchor->second, places_.at(anchor->second)};
  }
  if (found.value == nullptr) return refuse("unresolved_reference", "leads to nothing in this schema");
  if (!CanBeSchema(*found.value, found.place->draft)) {
    return refuse("unresolved_reference", "leads to something that is not a schema");
  }
  const auto [known, added] = target_indexes_.emplace(found.value, targets_.size());
  followed_.emplace(reference.schema, known->second);
  if (!added) return;
  targets_.push_back({found.value, PointerOf(*found.place), found.place->draft});
  // Its own place, already made by FollowPointer, stands for the parent; the suffix is empty.
  Walk(*found.value, *found.place, "");
}

SchemaReferences::Found SchemaReferences::FollowPointer(Found from, std::string_view pointer) {
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string token = DecodeToken(pointer.substr(0, end));
    pointer.remove_prefix(end);
    from.value = Child(*from.value, token);
    if (from.value == nullptr) return {};
    const auto known = places_.find(from.value);
    if (known != places_.end()) {
      from.place = known->second;
    } else {
      std::string suffix;
      domain::AppendPointerToken(token, suffix);
      from.place = &all_places_.emplace_back(Place{from.place, std::move(suffix), from.place->base, from.place->draft});
    }
  }
  return from;
}

void SchemaReferences::RefuseCircles() {
  std::unordered_set<const JsonValue*> harmless;
  for (const Reference& reference : references_) {
    std::unordered_set<const JsonValue*> path;
    const JsonValue* at = reference.schema;
    for (auto next = followed_.find(at); next != followed_.end() && !harmless.contains(at); next = followed_.find(at)) {
      if (!path.insert(at).second) {
        Refuse(*reference.place, "$ref", "circular_reference", "leads back to itself without asking for anything");
        break;
      }
      at = targets_[next->second].schema;
    }
    harmless.merge(path);
  }
}

void SchemaReferences::Refuse(const Place& place, std::string_view keyword, std::string code, std::string message) {
  if (faults_.size() >= kMaxFaults) return;
  std::string pointer = PointerOf(place);
  domain::AppendPointerToken(keyword, pointer);
  faults_.push_back({std::move(pointer), std::move(code), std::move(message)});
}

}  // namespace volcanion::infrastructure
