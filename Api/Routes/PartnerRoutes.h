#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/ChangePartner.h"
#include "Application/Commands/CreatePartner.h"
#include "Application/Ports/ManagementStore.h"
#include "Application/Queries/ReadAudit.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct PartnerHandlers {
  application::CreatePartnerHandler& create;
  application::ChangePartnerHandler& change;
  application::ReadAuditHandler& read_audit;
  application::ManagementStore& store;
};

/// POST /api/partners, GET and PATCH /api/partners/{id}, GET /api/partners/{id}/audit.
void AddPartnerRoutes(GuardedRoutes& routes, const PartnerHandlers& handlers);

}  // namespace volcanion::api
