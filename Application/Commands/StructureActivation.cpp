#include "Application/Commands/StructureActivation.h"

#include "Domain/Name.h"

#include <cstddef>
#include <utility>

namespace volcanion::application {
namespace {

constexpr std::size_t kMaxReasonBytes = 1'000;

/// No changes, unless the reason is none.
domain::Result<std::vector<domain::Fault>> CheckReason(const std::optional<Override>& override) {
  if (override) {
    if (auto fault = domain::CheckName(override->reason, "/override/reason", kMaxReasonBytes)) {
      return domain::Error{domain::ErrorKind::kInvalid, "The override needs a reason.", {*std::move(fault)}};
    }
  }
  return std::vector<domain::Fault>();
}

}  // namespace

domain::Result<std::vector<domain::Fault>> CheckActivation(StructureVersions& versions, const SchemaComparer& comparer,
                                                           const domain::EventStructure& next,
                                                           const std::optional<Override>& override) {
  const auto before = versions.Predecessor();
  return before ? CheckSuccession(versions, comparer, *before, next, override) : CheckReason(override);
}

domain::Result<std::vector<domain::Fault>> CheckSuccession(StructureVersions& versions, const SchemaComparer& comparer,
                                                           const domain::EventStructure& before,
                                                           const domain::EventStructure& next,
                                                           const std::optional<Override>& override) {
  auto incompatible = CheckReason(override);
  if (!incompatible) return incompatible;
  auto changes = CompareWith(before, next.schema(), versions.compatibility(), comparer);
  if (!changes) return std::move(changes).error();
  for (auto& change : *changes) {
    incompatible->push_back({std::move(change.pointer), std::move(change.code), std::move(change.message)});
  }
  if (incompatible->empty() || override) return incompatible;
  return domain::Error{domain::ErrorKind::kConflict,
                       "The partner demands " + std::string(domain::ToString(versions.compatibility())) +
                           " compatibility with version " + std::to_string(before.version()) +
                           "; give an override with a reason to break it.",
                       *std::move(incompatible)};
}

domain::Result<std::vector<domain::Fault>> CheckWithoutSuccessor(StructureVersions& versions,
                                                                 const domain::EventStructure& retired,
                                                                 const std::optional<Override>& override) {
  auto incompatible = CheckReason(override);
  if (!incompatible || versions.compatibility() == domain::Compatibility::kNone) return incompatible;
  incompatible->push_back({"", "last_version_retired", "no other version judges these events: all become unknown"});
  if (override) return incompatible;
  return domain::Error{domain::ErrorKind::kConflict,
                       "The partner demands " + std::string(domain::ToString(versions.compatibility())) +
                           " compatibility, and no other version takes the place of version " +
                           std::to_string(retired.version()) + "; give an override with a reason to retire it.",
                       *std::move(incompatible)};
}

domain::Result<std::vector<SchemaChange>> CompareWith(const domain::EventStructure& before, std::string_view schema,
                                                      domain::Compatibility wanted, const SchemaComparer& comparer) {
  if (wanted == domain::Compatibility::kNone) return std::vector<SchemaChange>();
  auto changes = comparer.Compare(before.schema(), schema, wanted);
  if (changes || changes.error().kind != domain::ErrorKind::kInvalid) return changes;
  const auto breaks =
      wanted == domain::Compatibility::kForward ? SchemaChange::Breaks::kForward : SchemaChange::Breaks::kBackward;
  return std::vector<SchemaChange>{
      {breaks, "", "not_compared",
       "cannot be compared: version " + std::to_string(before.version()) + " is not a schema that can be judged by"}};
}

domain::Result<domain::Done> CompileMember(const SchemaCompiler& compiler, std::string_view schema) {
  auto compiled = compiler.Compile(schema);
  if (compiled) return domain::Done{};
  auto error = std::move(compiled).error();
  for (auto& fault : error.faults) fault.pointer.insert(0, "/schema");
  return error;
}

AuditEntry StructureEntry(const Author& author, std::string action, const domain::EventStructure& structure) {
  const auto& identity = structure.identity();
  AuditEntry entry{identity.partner, author, std::move(action),
                   identity.event_name + ", version " + std::to_string(structure.version())};
  entry.target_id = structure.head().id.value;
  entry.details = {{"structureId", structure.head().id.ToString()}};
  if (identity.system) entry.details.emplace_back("partnerSystemId", identity.system->ToString());
  return entry;
}

void NoteOverride(const std::optional<Override>& override, const std::vector<domain::Fault>& incompatible_changes,
                  AuditEntry& entry) {
  if (!override || incompatible_changes.empty()) return;
  entry.details.emplace_back("overrideReason", override->reason);
  entry.incompatible_changes = incompatible_changes;
}

}  // namespace volcanion::application
