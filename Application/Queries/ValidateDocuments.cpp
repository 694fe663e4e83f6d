#include "Application/Queries/ValidateDocuments.h"

namespace volcanion::application {

domain::Result<std::vector<domain::Verdict>> ValidateDocumentsHandler::Handle(const ValidateDocuments& query) const {
  auto schema = compiler_.Compile(query.schema);
  if (!schema) {
    auto error = std::move(schema).error();
    for (auto& fault : error.faults) fault.pointer.insert(0, "/schema");
    return error;
  }
  std::vector<domain::Verdict> results;
  JudgingBudget budget;
  results.reserve(query.documents.size());
  for (const auto& document : query.documents) results.push_back((*schema)->Judge(document, budget));
  return results;
}

}  // namespace volcanion::application
