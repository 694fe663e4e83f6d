#pragma once

#include "Application/Commands/LogIn.h"
#include "Application/Directory/DirectoryCache.h"

#include <string_view>

namespace volcanion::application {

/// Puts new tokens in the place of a refresh token. kUnauthenticated when it is not good; when it was used before, its
/// session ends. Blocks.
class RefreshSessionHandler {
 public:
  RefreshSessionHandler(SessionStore& store, AccessTokens& access_tokens, DirectoryCache& directory, const Clock& clock,
                        const Secrets& secrets)
      : store_(store), access_tokens_(access_tokens), directory_(directory), clock_(clock), secrets_(secrets) {}

  domain::Result<SessionTokens> Handle(std::string_view refresh_token, const Author& author);

 private:
  SessionStore& store_;
  AccessTokens& access_tokens_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
};

/// Ends the session of a refresh token, whether there is one or not: also its access tokens. Blocks.
class LogOutHandler {
 public:
  LogOutHandler(SessionStore& store, DirectoryCache& directory, const Clock& clock, const Secrets& secrets)
      : store_(store), directory_(directory), clock_(clock), secrets_(secrets) {}

  domain::Result<domain::Done> Handle(std::string_view refresh_token, const Author& author);

 private:
  SessionStore& store_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
