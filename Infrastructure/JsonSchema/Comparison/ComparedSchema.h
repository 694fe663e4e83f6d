#pragma once

#include "Domain/Result.h"
#include "Infrastructure/JsonSchema/SchemaReferences.h"
#include "Infrastructure/JsonSchema/SchemaText.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace volcanion::infrastructure {

/// One of the schemas that are compared, with its references resolved. Immutable.
class ComparedSchema {
 public:
  /// kInvalid when it cannot be read, or a reference leads nowhere. `order` tells the schemas of one comparison apart.
  static domain::Result<std::unique_ptr<const ComparedSchema>> Read(std::string_view text, int order);

  Draft draft() const { return text_.draft; }
  const JsonValue& root() const { return text_.document->root(); }
  int order() const { return order_; }

  /// The schema itself, or what it leads to where it is a reference.
  const JsonValue& Resolved(const JsonValue& schema) const;

  /// The value of a keyword; null where it is absent or means nothing in this draft.
  const JsonValue* Find(const JsonValue& schema, std::string_view keyword) const;

  /// Whether it has no keyword that asks for anything.
  bool IsTrivial(const JsonValue& schema) const;

  /// The keyword that is its only one; null where there are others, or none.
  const JsonMember* OnlyKeyword(const JsonValue& schema) const;

  /// JSON Pointer to a value of the document; empty for one that is not in it.
  std::string PointerTo(const JsonValue& value) const;

  /// Whether a schema that is used leads back to itself without going into the document, or one value has to go through
  /// very many schemas (judging gives up then, and nothing is valid), or a reference leads into another draft's schema.
  bool IsBeyondComparison() const;

 private:
  ComparedSchema(SchemaText text, int order, std::vector<domain::Fault>& faults)
      : text_(std::move(text)), order_(order), references_(text_.document->root(), text_.draft, faults) {}

  using Heights = std::unordered_map<const JsonValue*, std::size_t>;
  bool IsEndlessHere(const JsonValue& schema, std::size_t depth, Heights& heights) const;

  const SchemaText text_;
  const int order_;
  const SchemaReferences references_;
};

}  // namespace volcanion::infrastructure
