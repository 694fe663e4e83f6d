#include "Infrastructure/Messages/LoggedMessages.h"

namespace volcanion::infrastructure {

void LoggedMessages::Send(const application::OneTimeMessage& message) {
  const bool invites = message.purpose == application::OneTimeMessage::Purpose::kInvitation;
  const std::string_view route = invites ? "/api/auth/accept-invitation" : "/api/auth/reset-password";
  const auto expires_at = domain::FormatRfc3339(message.expires_at);
  const std::string_view to = message.to.text();
  if (with_tokens_) {
    log_.Warning(
        invites ? "an invitation, for want of a way to send it" : "a password reset, for want of a way to send it",
        {{"to", to}, {"route", route}, {"token", std::string_view(message.token)}, {"expiresAt", expires_at}});
  } else {
    log_.Warning("a message was not sent: this process has no way to send it",
                 {{"to", to}, {"route", route}, {"expiresAt", expires_at}});
  }
}

}  // namespace volcanion::infrastructure
