#pragma once

#include "Infrastructure/JsonSchema/Comparison/ComparedSchema.h"
#include "Infrastructure/JsonSchema/Comparison/ComparisonWork.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// A schema within one of the compared schemas, or its opposite.
struct SchemaPlace {
  const ComparedSchema* schema;
  const JsonValue* value;
  bool negated = false;  ///< what is not valid under it is meant

  /// Another schema of the same document.
  SchemaPlace At(const JsonValue& other) const { return {schema, &other, false}; }
  SchemaPlace Resolved() const { return {schema, &schema->Resolved(*value), negated}; }
  SchemaPlace Opposite() const { return {schema, value, !negated}; }
  const JsonValue* Find(std::string_view keyword) const { return schema->Find(*value, keyword); }
  bool IsTrivial() const { return !negated && schema->IsTrivial(*value); }
  std::string Pointer() const { return schema->PointerTo(*value); }

  bool operator==(const SchemaPlace&) const = default;
  /// In the order of the documents and of what is in them, so that every run goes the same way.
  bool operator<(const SchemaPlace& other) const {
    if (schema != other.schema) return schema->order() < other.schema->order();
    if (value->position() != other.value->position()) return value->position() < other.value->position();
    if (value != other.value) return std::less<>()(value, other.value);
    return negated < other.negated;
  }
};

/// What a schema asks of the members of an object; null where it has no such keyword.
struct ObjectKeywords {
  const JsonValue* properties;
  const JsonValue* patterns;
  const JsonValue* others;  ///< `additionalProperties`

  explicit ObjectKeywords(const SchemaPlace& place)
      : properties(place.Find("properties")),
        patterns(place.Find("patternProperties")),
        others(place.Find("additionalProperties")) {}
};

/// Appends the schemas for a member of that name, references not followed.
void AppendSchemasOfMember(const SchemaPlace& place, std::string_view name, ComparisonWork& work,
                           std::vector<SchemaPlace>& out);

/// Appends the schema for the element at that index, if there is one.
void AppendSchemaOfElement(const SchemaPlace& place, std::size_t index, std::vector<SchemaPlace>& out);

/// How many elements have a schema of their own, by a list in `items`.
std::size_t ListedItems(const SchemaPlace& place);

/// The value of a counting keyword; what is beyond any document is one number.
std::uint64_t CountIn(const JsonValue& number);

}  // namespace volcanion::infrastructure
