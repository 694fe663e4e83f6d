#include "Application/Queries/CompareStructure.h"

#include "Application/Commands/StructureActivation.h"

#include <utility>

namespace volcanion::application {

domain::Result<ComparedStructure> CompareStructureHandler::Handle(const CompareStructure& question) {
  if (auto compiled = CompileMember(compiler_, question.schema); !compiled) return std::move(compiled).error();
  auto baseline = store_.Baseline(question.identity);
  if (!baseline) return std::move(baseline).error();
  ComparedStructure compared{baseline->compatibility, std::nullopt, {}};
  if (!baseline->predecessor) return compared;
  compared.compared_with = baseline->predecessor->version();
  auto changes = CompareWith(*baseline->predecessor, question.schema, baseline->compatibility, comparer_);
  if (!changes) return std::move(changes).error();
  compared.changes = *std::move(changes);
  return compared;
}

}  // namespace volcanion::application
