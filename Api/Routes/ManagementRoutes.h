#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Router.h"
#include "Application/Commands/CreatePartner.h"
#include "Application/Commands/IssueApiKey.h"
#include "Application/Commands/PublishStructure.h"
#include "Application/Commands/RegisterPartnerSystem.h"
#include "Application/Queries/ValidateDocuments.h"

namespace volcanion::api {

/// The handlers behind the management routes; they outlive the router.
struct ManagementHandlers {
  application::CreatePartnerHandler& create_partner;
  application::RegisterPartnerSystemHandler& register_system;
  application::IssueApiKeyHandler& issue_key;
  application::PublishStructureHandler& publish_structure;
  application::ValidateDocumentsHandler& validate_documents;
};

/// POST /api/partners, /api/partners/{id}/systems, /api/systems/{id}/keys, /api/partners/{id}/structures and
/// /api/structures/validate, for administrators.
void AddManagementRoutes(Router& router, Authentication& authentication, BlockingPool& blocking,
                         const ManagementHandlers& handlers);

}  // namespace volcanion::api
