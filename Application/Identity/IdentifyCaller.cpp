#include "Application/Identity/IdentifyCaller.h"

#include <utility>

namespace volcanion::application {

Caller IdentifyCaller::With(std::string_view credential) const {
  const auto directory = directory_.Current();
  if (credential.find('.') == std::string_view::npos) {  // none of ours has a dot, and each signed token has two
    const auto hash = secrets_.Hash(credential);
    if (const auto sender = directory->FindSender(hash, clock_.Now())) return *sender;
    if (auto principal = directory->FindPrincipal(hash, clock_.Now())) return *std::move(principal);
    return {};
  }
  if (const auto session = access_tokens_.Read(credential)) {
    if (auto person = directory->FindPerson(session->user)) return *std::move(person);
    return {};
  }
  const auto email = external_ == nullptr ? std::nullopt : external_->VerifiedEmailOf(credential);
  if (!email) return {};
  if (auto person = directory->FindPersonByEmail(*email)) return *std::move(person);
  return {};
}

}  // namespace volcanion::application
