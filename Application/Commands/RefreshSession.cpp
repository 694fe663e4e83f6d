#include "Application/Commands/RefreshSession.h"

#include <utility>

namespace volcanion::application {

domain::Result<SessionTokens> RefreshSessionHandler::Handle(std::string_view refresh_token, const Author& author) {
  auto next = secrets_.NewRefreshToken();
  const auto session = store_.Continue(secrets_.Hash(refresh_token), next.hash, clock_.Now(), author);
  if (!session) return session.error();
  if (!*session) {
    (void)directory_.Refresh();  // the session may have ended right now
    return domain::Error{domain::ErrorKind::kUnauthenticated, "The refresh token is not good, or not any more."};
  }
  auto access = access_tokens_.Issue(**session);
  if (!access) return std::move(access).error();
  return SessionTokens{*std::move(access), access_tokens_.lifetime(), std::move(next.text)};
}

domain::Result<domain::Done> LogOutHandler::Handle(std::string_view refresh_token, const Author& author) {
  auto ended = store_.End(secrets_.Hash(refresh_token), clock_.Now(), author);
  if (ended) (void)directory_.Refresh();  // in force here at once; the others hear of it by polling
  return ended;
}

}  // namespace volcanion::application
