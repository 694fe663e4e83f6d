#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/ManagementStore.h"
#include "Application/Ports/PeopleStore.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct PersonHandlers {
  application::PeopleStore& people;
  application::ManagementStore& management;
  application::DirectoryCache& directory;
  const application::Clock& clock;
};

/// What platform admins do about people and tokens that are no partner's: GET /api/people, GET and PATCH
/// /api/people/{personId}, GET /api/admin-tokens, DELETE /api/admin-tokens/{tokenId}. And what everybody may ask about
/// himself: GET /api/auth/me.
void AddPersonRoutes(GuardedRoutes& routes, const PersonHandlers& handlers);

}  // namespace volcanion::api
