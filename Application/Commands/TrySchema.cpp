#include "Application/Commands/TrySchema.h"

#include "Application/Commands/StructureActivation.h"
#include "Domain/EventStructure.h"

#include <utility>

namespace volcanion::application {

domain::Result<Job> TrySchemaHandler::Handle(TrySchema command) {
  const auto now = clock_.Now();
  const auto id = secrets_.NewId(now);
  const auto& impact = command.impact;
  auto structure = domain::EventStructure::Create({id}, {impact.partner, impact.event_name, impact.structure_of},
                                                  std::move(command.schema), domain::StructureState::kDraft, now);
  if (!structure) return std::move(structure).error();
  if (auto compiled = CompileMember(compiler_, structure->schema()); !compiled) return std::move(compiled).error();
  auto job = ImpactJob(std::move(command.impact), {id}, now);
  if (!job) return job;
  if (auto added = jobs_.AddTrial(*job, structure->schema()); !added) return std::move(added).error();
  return job;
}

}  // namespace volcanion::application
