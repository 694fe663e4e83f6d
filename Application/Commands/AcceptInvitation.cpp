#include "Application/Commands/AcceptInvitation.h"

#include "Application/Identity/OneTimeLink.h"
#include "Domain/Password.h"

#include <utility>

namespace volcanion::application {

using domain::Error;
using domain::ErrorKind;

domain::Result<domain::Done> AcceptInvitationHandler::Handle(const AcceptInvitation& command) {
  const auto token = secrets_.Hash(command.token);
  const auto holder = store_.FindHolder(PeopleStore::Purpose::kInvitation, token, clock_.Now());
  if (!holder) return holder.error();
  if (!*holder) return UsedLink();
  std::optional<std::string> password_hash;
  if (!(*holder)->has_password) {
    if (auto fault = domain::CheckPassword(command.password.value_or(""), (*holder)->email)) {
      const auto why = command.password ? "The password will not do: it " + fault->message + "."
                                        : "A password is needed: it " + fault->message + ".";
      return Error{ErrorKind::kInvalid, why, {*std::move(fault)}};
    }
    auto hash = hasher_.Hash(*command.password);
    if (!hash) return std::move(hash).error();
    password_hash = *std::move(hash);
  }
  const auto accepted = store_.Accept(token, password_hash, clock_.Now(), command.author);
  if (!accepted) return accepted.error();
  if (!*accepted) return UsedLink();
  (void)directory_.Refresh();  // a member here at once; the others hear of it by polling
  return domain::Done{};
}

}  // namespace volcanion::application
