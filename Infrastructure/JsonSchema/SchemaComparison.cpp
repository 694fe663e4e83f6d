#include "Infrastructure/JsonSchema/SchemaComparison.h"

#include "Infrastructure/JsonSchema/Comparison/SchemaInclusion.h"

#include <memory>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::SchemaChange;
using domain::Compatibility;

constexpr std::uint64_t kMaxSteps = 1'000'000;  // for each direction

/// What comparing needs beside the two schemas: single types, the type of a member's name, and the values of the types
/// that have few.
constexpr std::string_view kLiterals = R"({
  "types": [{"type": "null"}, {"type": "boolean"}, {"type": "number"}, {"type": "string"}, {"type": "array"},
            {"type": "object"}],
  "name": {"type": "string"},
  "values": [null, false, true]
})";

}  // namespace

domain::Result<std::vector<SchemaChange>> SchemaComparison::Compare(std::string_view before, std::string_view after,
                                                                    Compatibility wanted) const {
  auto old_schema = ComparedSchema::Read(before, 0);
  if (!old_schema) return old_schema.error();
  auto new_schema = ComparedSchema::Read(after, 1);
  if (!new_schema) return new_schema.error();
  const auto literals = ComparedSchema::Read(kLiterals, 2);
  if (!literals) return literals.error();

  std::vector<SchemaChange> changes;
  const auto include = [&](SchemaChange::Breaks breaks, const ComparedSchema& taken, const ComparedSchema& asking) {
    ComparisonWork work(kMaxSteps);
    SchemaInclusion(breaks, **literals, work, changes).Run(taken, asking);
  };
  if (wanted == Compatibility::kBackward || wanted == Compatibility::kFull) {
    include(SchemaChange::Breaks::kBackward, **old_schema, **new_schema);
  }
  if (wanted == Compatibility::kForward || wanted == Compatibility::kFull) {
    include(SchemaChange::Breaks::kForward, **new_schema, **old_schema);
  }
  return changes;
}

}  // namespace volcanion::infrastructure
