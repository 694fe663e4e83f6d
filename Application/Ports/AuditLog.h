#pragma once

#include "Domain/Uuid.h"

#include <string>

namespace volcanion::application {

/// What somebody did to a partner or to what belongs to it. Stores take it together with the change that it tells of,
/// and write both in one transaction.
struct AuditEntry {
  domain::PartnerId partner;
  std::string actor;
  std::string action;  ///< "events.judge_again"
  std::string target;  ///< what was acted upon: "job 0198..."
  std::string correlation_id;
  std::string details;  ///< JSON text; empty for none
};

}  // namespace volcanion::application
