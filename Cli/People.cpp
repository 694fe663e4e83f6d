#include "Cli/People.h"

namespace volcanion::cli {
namespace {

std::unique_ptr<infrastructure::OidcIssuer> MakeExternal(const infrastructure::Settings& settings,
                                                         const application::SignedTokens& tokens,
                                                         Surroundings& around) {
  if (settings.oidc_issuer.empty()) return nullptr;
  return std::make_unique<infrastructure::OidcIssuer>(
      infrastructure::OidcSettings{settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks}, tokens,
      around.clock, around.log);
}

application::AccessTokenSettings ToAccessTokens(const infrastructure::Settings& settings) {
  return {settings.access_token_lifetime, settings.signing_key_lifetime};
}

}  // namespace

People::People(const infrastructure::Settings& settings, Surroundings& around, Management& management,
               application::MessageSender& sender)
    : store(management.pool),
      sessions(management.pool),
      signing_keys(management.pool),
      service_tokens(management.pool),
      demo_credentials(management.pool),
      external(MakeExternal(settings, jose, around)),
      access_tokens(jose, signing_keys, management.directory, around.clock, around.secrets, ToAccessTokens(settings)),
      identify(management.directory, access_tokens, external.get(), around.secrets, around.clock),
      log_in(sessions, access_tokens, hasher, throttle, around.clock, around.secrets),
      refresh(sessions, access_tokens, management.directory, around.clock, around.secrets),
      log_out(sessions, management.directory, around.clock, around.secrets),
      invite(store, sender, around.clock, around.secrets),
      accept_invitation(store, management.directory, hasher, around.clock, around.secrets),
      forgot_password(store, sender, around.clock, around.secrets),
      reset_password(store, management.directory, hasher, around.clock, around.secrets),
      issue_service_token(service_tokens, management.directory, around.clock, around.secrets),
      create_platform_admin(store, management.directory, hasher, around.clock, around.secrets) {}

}  // namespace volcanion::cli
