#include "Application/Commands/CreatePlatformAdmin.h"

#include "Domain/Password.h"

#include <utility>

namespace volcanion::application {

using domain::Error;
using domain::ErrorKind;

domain::Result<domain::Done> CreatePlatformAdminHandler::Handle(const CreatePlatformAdmin& command) {
  auto email = domain::Email::Parse(command.email);
  if (!email) return std::move(email).error();
  if (auto fault = domain::CheckPassword(command.password, *email)) {
    return Error{ErrorKind::kInvalid, "The password will not do: it " + fault->message + ".", {*fault}};
  }
  auto hash = hasher_.Hash(command.password);
  if (!hash) return std::move(hash).error();
  const auto now = clock_.Now();
  const domain::UserId id{secrets_.NewId(now)};
  AuditEntry entry{std::nullopt, command.author, "person.created", email->text(), {{"role", "platform admin"}}};
  entry.target_id = id.value;
  entry.after = {{"isActive", true}, {"isPlatformAdmin", true}};
  auto added = store_.AddPerson({id, *email, *std::move(hash), true, command.is_demo, now}, entry);
  if (added) (void)directory_.Refresh();
  return added;
}

}  // namespace volcanion::application
