#include "Cli/People.h"

#include "Cli/Stores.h"
#include "Infrastructure/Messages/LoggedMessages.h"
#include "Infrastructure/Messages/SmtpMessages.h"

#include <filesystem>
#include <system_error>
#include <utility>

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

std::filesystem::path OwnKeyFile(const infrastructure::Settings& settings) { return settings.data_dir / "signing.key"; }

}  // namespace

std::unique_ptr<application::MessageSender> MakeMessages(const infrastructure::Settings& settings, Surroundings& around,
                                                         bool logs_tokens) {
  if (settings.smtp_url.empty()) return std::make_unique<infrastructure::LoggedMessages>(around.log, logs_tokens);
  infrastructure::SmtpSettings smtp{settings.smtp_url, settings.smtp_from, settings.smtp_user, settings.smtp_password,
                                    settings.smtp_ca_file};
  smtp.needs_tls = !infrastructure::IsOwnAddress(settings.smtp_url);
  return std::make_unique<infrastructure::SmtpMessages>(std::move(smtp), around.clock, around.log);
}

domain::Result<infrastructure::SecretBox> LoadSealingKeys(const infrastructure::Settings& settings) {
  if (!settings.signing_key_file.empty()) return infrastructure::SecretBox::FromFile(settings.signing_key_file);
  std::error_code ignored;
  if (!std::filesystem::exists(OwnKeyFile(settings), ignored)) return infrastructure::SecretBox();
  return infrastructure::SecretBox::FromFile(OwnKeyFile(settings));
}

bool MakeSealingKeyIfMissing(const infrastructure::Settings& settings) {
  if (!settings.signing_key_file.empty() || std::filesystem::exists(OwnKeyFile(settings))) return false;
  WritePrivateFile(OwnKeyFile(settings),
                   "# Seals the signing keys in the write store: a secret. See VOLCANION_SIGNING_KEY_FILE.\n" +
                       infrastructure::SecretBox::NewKey() + "\n");
  return true;
}

People::People(const infrastructure::Settings& settings, Surroundings& around, Management& management,
               application::MessageSender& sender, infrastructure::SecretBox sealing)
    : store(management.pool),
      sessions(management.pool),
      signing_keys(management.pool, std::move(sealing)),
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
