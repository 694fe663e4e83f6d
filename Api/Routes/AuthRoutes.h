#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/GuardedRoutes.h"
#include "Application/Commands/AcceptInvitation.h"
#include "Application/Commands/LogIn.h"
#include "Application/Commands/RefreshSession.h"
#include "Application/Commands/ResetPassword.h"
#include "Application/Directory/DirectoryCache.h"

namespace volcanion::api {

/// What is behind these routes; outlives the router.
struct AuthHandlers {
  application::LogInHandler& log_in;
  application::RefreshSessionHandler& refresh;
  application::LogOutHandler& log_out;
  application::AcceptInvitationHandler& accept_invitation;
  application::ForgotPasswordHandler& forgot_password;
  application::ResetPasswordHandler& reset_password;
  application::DirectoryCache& directory;
};

/// POST /api/auth/token, refresh, logout, accept-invitation, forgot-password and reset-password, and GET
/// /.well-known/jwks.json. Those that hash a password are added to `hashing`, whose threads are few. `blocking`
/// outlives the router.
void AddAuthRoutes(GuardedRoutes& routes, GuardedRoutes& hashing, BlockingPool& blocking, const AuthHandlers& handlers);

}  // namespace volcanion::api
