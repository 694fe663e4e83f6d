#include "Application/Commands/PublishStructure.h"

namespace volcanion::application {

using domain::Done;
using domain::Result;

Result<PublishedStructure> PublishStructureHandler::Handle(PublishStructure command) {
  const auto now = clock_.Now();
  auto structure = domain::EventStructure::Create({secrets_.NewId(now)}, std::move(command.identity),
                                                  std::move(command.schema), command.state, now);
  if (!structure) return std::move(structure).error();
  if (auto compiled = CompileMember(compiler_, structure->schema()); !compiled) return std::move(compiled).error();

  PublishedStructure published{*structure};
  const auto add = [&](StructureVersions& versions) -> Result<Done> {
    const auto same = versions.Newest(structure->state());
    if (same && same->schema() == structure->schema()) {
      published = {*same, false};
      return Done{};
    }
    if (structure->state() == domain::StructureState::kActive) {
      auto incompatible = CheckActivation(versions, comparer_, *structure, command.override);
      if (!incompatible) return std::move(incompatible).error();
      published.incompatible_changes = *std::move(incompatible);
    }
    published.structure = versions.Add(*structure);
    auto entry = StructureEntry(command.author, "structure.published", published.structure);
    entry.details.emplace_back("state", domain::ToString(structure->state()));
    entry.after = {{"state", std::string(domain::ToString(structure->state()))}};
    NoteOverride(command.override, published.incompatible_changes, entry);
    versions.Note(entry);
    return Done{};
  };
  if (auto changed = store_.Change(structure->identity(), add); !changed) return std::move(changed).error();
  if (published.is_new) (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return published;
}

}  // namespace volcanion::application
