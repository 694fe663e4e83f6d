#pragma once

#include "Domain/Compatibility.h"
#include "Domain/Result.h"

#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// One difference between two versions of a schema that breaks a promise of compatibility.
struct SchemaChange {
  enum class Breaks {
    kBackward,  ///< a document that the old version takes may be refused by the new one
    kForward,   ///< a document that the new version takes may be refused by the old one
  };

  Breaks breaks;
  std::string pointer;  ///< JSON Pointer to the schema that refuses, or to the property that the other version lacks
  std::string code;     ///< stable, snake_case, for programs: "maximum_lowered"
  std::string message;  ///< whole without the rest: "/properties/amount: maximum lowered from 1000 to 100"
};

/// Tells what a new version of a schema changes for those who rely on the old one. Thread-safe.
class SchemaComparer {
 public:
  virtual ~SchemaComparer() = default;

  /// The changes that break what is wanted, those against kBackward first; at most 100 of each kind. Empty only when it
  /// is certain that the promise holds: what cannot be decided, or would take too long, is listed like a change
  /// ("cannot be compared: ..."). Both texts must be schemas that SchemaCompiler takes: kInvalid otherwise.
  virtual domain::Result<std::vector<SchemaChange>> Compare(std::string_view before, std::string_view after,
                                                            domain::Compatibility wanted) const = 0;
};

}  // namespace volcanion::application
