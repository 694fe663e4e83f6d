#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/ChangePartner.h"
#include "Application/Commands/CreatePartner.h"
#include "Application/Ports/ManagementStore.h"
#include "Application/Queries/FindPartners.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct PartnerHandlers {
  application::CreatePartnerHandler& create;
  application::FindPartnersHandler& find;
  application::ChangePartnerHandler& change;
  application::ManagementStore& store;
};

/// POST and GET /api/partners, GET and PATCH /api/partners/{id}.
void AddPartnerRoutes(GuardedRoutes& routes, const PartnerHandlers& handlers);

}  // namespace volcanion::api
