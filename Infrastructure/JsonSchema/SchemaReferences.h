#pragma once

#include "Domain/Result.h"
#include "Infrastructure/JsonSchema/JsonValue.h"
#include "Infrastructure/JsonSchema/SchemaKeywords.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace volcanion::infrastructure {

/// Where each `$ref` of one schema document leads: to a place in the document, or in one of the metaschemas that are
/// built in. Nothing else is ever looked for.
class SchemaReferences {
 public:
  /// A schema that some `$ref` leads to.
  struct Target {
    const JsonValue* schema;
    std::string pointer;  // in a metaschema: behind its URI and "#"
    Draft draft;
  };

  /// How many schemas may stand in a document: valijson takes some ten microseconds for each.
  static constexpr std::size_t kMaxSchemas = 25'000;

  /// Walks the document, which must outlive this. Faults: too many schemas; references that lead nowhere, out of the
  /// document, to what is no schema, or in a circle.
  SchemaReferences(const JsonValue& root, Draft draft, std::vector<domain::Fault>& faults);

  /// Then nothing else was looked at.
  bool too_many() const { return places_.size() > kMaxSchemas; }

  const std::vector<Target>& targets() const { return targets_; }

  /// The index into targets() of the schema that a schema which is a reference leads to; none where it was refused.
  std::optional<std::size_t> TargetOf(const JsonValue& reference) const;

  /// The index into targets(), or null when nothing refers to the schema.
  const std::size_t* IndexOf(const JsonValue& schema) const;

 private:
  // Linked, so that a long name or URI high up is not copied to every place below it.
  struct Place {
    const Place* parent;
    std::string suffix;       // of the JSON Pointer, behind the parent's
    const std::string* base;  // the URI that references are resolved against
    Draft draft;
  };
  struct Reference {
    const JsonValue* schema;
    const Place* place;
  };
  struct Found {
    const JsonValue* value = nullptr;
    const Place* place = nullptr;
  };

  /// Longer than about a kilobyte, it ends at the last ancestor that fits.
  static std::string PointerOf(const Place& place);
  /// Makes the schema known by the URI, and walks it as a document of its own.
  void WalkDocument(const JsonValue& root, Draft draft, const std::string& uri, std::string prefix);
  void Walk(const JsonValue& schema, const Place& parent, std::string suffix);
  void WalkPlace(const JsonValue& schema, Place& place);
  void Register(const JsonValue& schema, Place& place);
  void Resolve(const Reference& reference);
  Found FollowPointer(Found from, std::string_view pointer);
  void RefuseCircles();
  void Refuse(const Place& place, std::string_view keyword, std::string code, std::string message);

  std::vector<domain::Fault>& faults_;
  std::deque<std::string> bases_;
  std::deque<Place> all_places_;
  std::unordered_map<const JsonValue*, const Place*> places_;
  std::unordered_map<std::string, const JsonValue*> resources_;  // by URI, anchors with their fragment
  std::vector<Reference> references_;
  std::vector<Target> targets_;
  std::unordered_map<const JsonValue*, std::size_t> target_indexes_;
  std::unordered_map<const JsonValue*, std::size_t> followed_;
};

}  // namespace volcanion::infrastructure
