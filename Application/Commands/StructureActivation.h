#pragma once

#include "Application/Ports/SchemaComparer.h"
#include "Application/Ports/SchemaCompiler.h"
#include "Application/Ports/StructureStore.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// Permission to break what the partner demands of new versions.
struct Override {
  std::string reason;
};

/// Compares a version that is to become active with the one whose place it takes, by what the partner demands. The
/// changes that are incompatible and overridden; kConflict with a fault for each without an override, kInvalid for a
/// reason that is empty, over 1,000 bytes or has control characters. To be called in the transaction of the activation:
/// then no other version becomes active between the comparison and the commit.
domain::Result<std::vector<domain::Fault>> CheckActivation(StructureVersions& versions, const SchemaComparer& comparer,
                                                           const domain::EventStructure& next,
                                                           const std::optional<Override>& override);

/// Likewise for a version that judges from now on instead of another.
domain::Result<std::vector<domain::Fault>> CheckSuccession(StructureVersions& versions, const SchemaComparer& comparer,
                                                           const domain::EventStructure& before,
                                                           const domain::EventStructure& next,
                                                           const std::optional<Override>& override);

/// Likewise for a version after which none judges.
domain::Result<std::vector<domain::Fault>> CheckWithoutSuccessor(StructureVersions& versions,
                                                                 const domain::EventStructure& retired,
                                                                 const std::optional<Override>& override);

/// The changes from an active version to a schema that compiles that break what is wanted. A version that cannot be
/// read any more (it may be older than the rules by which this program compiles) is one such change.
domain::Result<std::vector<SchemaChange>> CompareWith(const domain::EventStructure& before, std::string_view schema,
                                                      domain::Compatibility wanted, const SchemaComparer& comparer);

/// Whether a schema of a request can judge: kInvalid with its faults below /schema when it cannot.
domain::Result<domain::Done> CompileMember(const SchemaCompiler& compiler, std::string_view schema);

/// The audit entry of a change of a version.
AuditEntry StructureEntry(const Author& author, std::string action, const domain::EventStructure& structure);
/// Adds what was overridden and why, if anything was.
void NoteOverride(const std::optional<Override>& override, const std::vector<domain::Fault>& incompatible_changes,
                  AuditEntry& entry);

}  // namespace volcanion::application
