#pragma once

#include "Application/Ports/SchemaCompiler.h"
#include "Domain/Result.h"
#include "Domain/Violation.h"

#include <string>
#include <vector>

namespace volcanion::application {

/// What would a schema say of these documents? Stores nothing.
struct ValidateDocuments {
  std::string schema;                  ///< JSON text
  std::vector<std::string> documents;  ///< JSON texts
};

class ValidateDocumentsHandler {
 public:
  explicit ValidateDocumentsHandler(const SchemaCompiler& compiler) : compiler_(compiler) {}

  /// The verdict on each document, in order; all share one JudgingBudget. kInvalid when the schema itself is refused.
  domain::Result<std::vector<domain::Verdict>> Handle(const ValidateDocuments& query) const;

 private:
  const SchemaCompiler& compiler_;
};

}  // namespace volcanion::application
