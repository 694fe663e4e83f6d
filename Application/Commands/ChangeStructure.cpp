#include "Application/Commands/ChangeStructure.h"

#include "Application/Commands/ManagementAudit.h"

#include <string_view>

namespace volcanion::application {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::EventStructure;
using domain::Result;
using domain::StructureState;

namespace {

/// By what it can be recognized: a schema may be as long as a thousand entries.
AuditFields SchemaFields(const EventStructure& structure, const Secrets& secrets) {
  std::string sum;
  for (const auto byte : secrets.Hash(structure.schema()).bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    sum.push_back(kDigits[byte >> 4]);
    sum.push_back(kDigits[byte & 15]);
  }
  return {{"schemaSha256", sum}};
}

}  // namespace

Result<ChangedStructure> ChangeStructureHandler::Handle(ChangeStructure command) {
  if (!command.schema && !command.state) {
    return Error{ErrorKind::kInvalid, "There is nothing to change: give schema, state, or both."};
  }
  if (command.schema) {
    if (auto compiled = CompileMember(compiler_, *command.schema); !compiled) return std::move(compiled).error();
  }
  std::optional<ChangedStructure> changed;
  const auto work = [&](StructureVersions& versions) -> Result<Done> {
    auto done = ChangeWithin(versions, command);
    if (!done) return std::move(done).error();
    changed = *std::move(done);
    return Done{};
  };
  if (auto stored = store_.Change(command.identity, work); !stored) return std::move(stored).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return *std::move(changed);
}

Result<ChangedStructure> ChangeStructureHandler::ChangeWithin(StructureVersions& versions,
                                                              const ChangeStructure& command) const {
  const auto before = versions.Find(command.version);
  if (!before) return Error{ErrorKind::kNotFound, "There is no such version of this structure."};
  if (auto fits = CheckRevision(before->head().revision, command.expected_revisions); !fits) return fits.error();
  ChangedStructure changed{*before, {}};
  auto& structure = changed.structure;
  std::vector<AuditEntry> entries;
  if (command.schema) {
    if (auto replaced = structure.ReplaceSchema(*command.schema); !replaced) return std::move(replaced).error();
    auto entry = StructureEntry(command.author, "structure.draft_replaced", structure);
    entry.before = SchemaFields(*before, secrets_);
    entry.after = SchemaFields(structure, secrets_);
    entries.push_back(std::move(entry));
  }
  if (command.state && *command.state != structure.state()) {
    if (auto become = structure.Become(*command.state, clock_.Now()); !become) return std::move(become).error();
    const bool activates = *command.state == StructureState::kActive;
    if (activates) {
      // A draft may be older than the rules by which this program compiles.
      if (auto compiled = CompileMember(compiler_, structure.schema()); !compiled) return std::move(compiled).error();
      auto incompatible = CheckActivation(versions, comparer_, structure, command.override);
      if (!incompatible) return std::move(incompatible).error();
      changed.incompatible_changes = *std::move(incompatible);
    } else if (before->state() == StructureState::kActive) {
      auto incompatible = CheckRetirement(versions, *before, command.override);
      if (!incompatible) return std::move(incompatible).error();
      changed.incompatible_changes = *std::move(incompatible);
    }
    auto entry = StructureEntry(command.author, activates ? "structure.activated" : "structure.retired", structure);
    entry.before = {{"state", std::string(domain::ToString(before->state()))}};
    entry.after = {{"state", std::string(domain::ToString(structure.state()))}};
    NoteOverride(command.override, changed.incompatible_changes, entry);
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) return changed;
  versions.Update(structure);
  for (const auto& entry : entries) versions.Note(entry);
  return changed;
}

// An older version may judge instead, and be stricter; or none, and what was valid is unknown.
Result<std::vector<domain::Fault>> ChangeStructureHandler::CheckRetirement(
    StructureVersions& versions, const EventStructure& retired, const std::optional<Override>& override) const {
  const auto newest = versions.Newest(StructureState::kActive);
  if (!newest || newest->version() != retired.version()) return std::vector<domain::Fault>();
  const auto successor = versions.Successor(retired.version());
  if (!successor) return CheckWithoutSuccessor(versions, retired, override);
  return CheckSuccession(versions, comparer_, retired, *successor, override);
}

}  // namespace volcanion::application
