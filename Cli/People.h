#pragma once

#include "Application/Commands/AcceptInvitation.h"
#include "Application/Commands/CreatePlatformAdmin.h"
#include "Application/Commands/InviteMember.h"
#include "Application/Commands/IssueServiceToken.h"
#include "Application/Commands/LogIn.h"
#include "Application/Commands/RefreshSession.h"
#include "Application/Commands/ResetPassword.h"
#include "Application/Identity/AccessTokens.h"
#include "Application/Identity/IdentifyCaller.h"
#include "Application/Ports/MessageSender.h"
#include "Cli/Services.h"
#include "Infrastructure/Config/Settings.h"
#include "Infrastructure/Postgres/DemoCredentials.h"
#include "Infrastructure/Postgres/PostgresPeopleStore.h"
#include "Infrastructure/Postgres/PostgresServiceTokenStore.h"
#include "Infrastructure/Postgres/PostgresSessionStore.h"
#include "Infrastructure/Postgres/PostgresSigningKeyStore.h"
#include "Infrastructure/Security/JoseTokens.h"
#include "Infrastructure/Security/OidcIssuer.h"
#include "Infrastructure/Security/SecretBox.h"
#include "Infrastructure/Security/SodiumPasswordHasher.h"

#include <memory>

namespace volcanion::cli {

/// How messages reach people: by e-mail where a mail server is configured, else by the log, with their tokens where
/// that is the operator's own terminal.
std::unique_ptr<application::MessageSender> MakeMessages(const infrastructure::Settings& settings, Surroundings& around,
                                                         bool logs_tokens);

/// The keys that seal signing keys: those of VOLCANION_SIGNING_KEY_FILE, else of signing.key in the data directory
/// where there is one, else none.
domain::Result<infrastructure::SecretBox> LoadSealingKeys(const infrastructure::Settings& settings);
/// Makes signing.key in the data directory where the configuration names no file and there is none. Whether it did.
/// Throws std::runtime_error.
bool MakeSealingKeyIfMissing(const infrastructure::Settings& settings);

/// People and programs with tokens, wired to the write store.
struct People {
  /// `sealing` seals signing keys.
  People(const infrastructure::Settings& settings, Surroundings& around, Management& management,
         application::MessageSender& sender, infrastructure::SecretBox sealing = {});

  infrastructure::PostgresPeopleStore store;
  infrastructure::PostgresSessionStore sessions;
  infrastructure::PostgresSigningKeyStore signing_keys;
  infrastructure::PostgresServiceTokenStore service_tokens;
  infrastructure::DemoCredentials demo_credentials;
  infrastructure::SodiumPasswordHasher hasher;
  infrastructure::JoseTokens jose;
  std::unique_ptr<infrastructure::OidcIssuer> external;  ///< null when none is configured
  application::AccessTokens access_tokens;
  application::IdentifyCaller identify;
  application::LogInThrottle throttle;
  application::LogInHandler log_in;
  application::RefreshSessionHandler refresh;
  application::LogOutHandler log_out;
  application::InviteMemberHandler invite;
  application::AcceptInvitationHandler accept_invitation;
  application::ForgotPasswordHandler forgot_password;
  application::ResetPasswordHandler reset_password;
  application::IssueServiceTokenHandler issue_service_token;
  application::CreatePlatformAdminHandler create_platform_admin;
};

}  // namespace volcanion::cli
