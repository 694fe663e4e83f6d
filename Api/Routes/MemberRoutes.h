#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/InviteMember.h"
#include "Application/Commands/IssueServiceToken.h"
#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/PeopleStore.h"
#include "Application/Ports/ServiceTokenStore.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct MemberHandlers {
  application::InviteMemberHandler& invite;
  application::IssueServiceTokenHandler& issue_token;
  application::PeopleStore& people;
  application::ServiceTokenStore& tokens;
  application::DirectoryCache& directory;
  const application::Clock& clock;
};

/// POST and GET /api/partners/{id}/members, GET, PATCH and DELETE .../members/{memberId}.
void AddMemberRoutes(GuardedRoutes& routes, const MemberHandlers& handlers);
/// POST and GET /api/partners/{id}/tokens, DELETE .../tokens/{tokenId}.
void AddServiceTokenRoutes(GuardedRoutes& routes, const MemberHandlers& handlers);

}  // namespace volcanion::api
