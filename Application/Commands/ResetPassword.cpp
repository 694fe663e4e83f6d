#include "Application/Commands/ResetPassword.h"

#include "Application/Identity/OneTimeLink.h"
#include "Application/IpNetwork.h"
#include "Domain/Password.h"

#include <utility>

namespace volcanion::application {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

Result<Done> ForgotPasswordHandler::MayAsk(const domain::Email& email, std::string_view client_address) {
  const auto now = std::chrono::steady_clock::now();
  if (by_address_.Try(NeighbourhoodOf(client_address), now) && by_account_.Try(email.text(), now)) return Done{};
  return Error{ErrorKind::kTooManyAttempts, "This was asked for too often. Try again later."};
}

Result<Done> ForgotPasswordHandler::Handle(const domain::Email& email) {
  const auto now = clock_.Now();
  const auto token = secrets_.NewOneTimeToken();
  const auto started = store_.StartReset(email, token.hash, now, now + kResetLifetime);
  if (!started) return started.error();
  if (*started) sender_.Send({OneTimeMessage::Purpose::kPasswordReset, email, token.text, now + kResetLifetime});
  return Done{};
}

Result<Done> ResetPasswordHandler::Handle(const ResetPassword& command) {
  const auto token = secrets_.Hash(command.token);
  const auto holder = store_.FindHolder(PeopleStore::Purpose::kPasswordReset, token, clock_.Now());
  if (!holder) return holder.error();
  if (!*holder) return UsedLink();
  if (auto fault = domain::CheckPassword(command.password, (*holder)->email)) {
    return Error{ErrorKind::kInvalid, "The password will not do: it " + fault->message + ".", {*fault}};
  }
  const auto hash = hasher_.Hash(command.password);
  if (!hash) return hash.error();
  const auto reset = store_.ResetPassword(token, *hash, clock_.Now(), command.author);
  if (!reset) return reset.error();
  if (!*reset) return UsedLink();
  (void)directory_.Refresh();  // sessions are over here at once; the others hear of it by polling
  return Done{};
}

}  // namespace volcanion::application
