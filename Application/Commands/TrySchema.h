#pragma once

#include "Application/Commands/MeasureImpact.h"
#include "Application/Ports/SchemaCompiler.h"

#include <string>

namespace volcanion::application {

/// What would this schema, which is no version and becomes none, say of the partner's stored events?
struct TrySchema {
  MeasureImpact impact;  ///< all but the version
  std::string schema;    ///< JSON text
};

/// Queues a background job; nothing changes but the job. kInvalid for a schema or an event name that is refused and for
/// numbers out of range; else see JobStore::AddTrial().
class TrySchemaHandler {
 public:
  TrySchemaHandler(JobStore& jobs, const SchemaCompiler& compiler, const Clock& clock, const Secrets& secrets)
      : jobs_(jobs), compiler_(compiler), clock_(clock), secrets_(secrets) {}

  domain::Result<Job> Handle(TrySchema command);

 private:
  JobStore& jobs_;
  const SchemaCompiler& compiler_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
