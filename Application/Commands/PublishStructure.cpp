#include "Application/Commands/PublishStructure.h"

namespace volcanion::application {

domain::Result<PublishedStructure> PublishStructureHandler::Handle(PublishStructure command) {
  const auto now = clock_.Now();
  auto structure = domain::EventStructure::Create({secrets_.NewId(now)}, command.partner, std::move(command.event_name),
                                                  std::move(command.schema), command.state, now);
  if (!structure) return std::move(structure).error();
  if (auto compiled = compiler_.Compile(structure->schema()); !compiled) {
    auto error = std::move(compiled).error();
    for (auto& fault : error.faults) fault.pointer.insert(0, "/schema");
    return error;
  }
  auto version = store_.AddStructure(*structure);
  if (!version) return std::move(version).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return PublishedStructure{*std::move(structure), *version};
}

}  // namespace volcanion::application
