#include "Application/Commands/IssueApiKey.h"

#include "Application/Commands/ManagementAudit.h"

namespace volcanion::application {

domain::Result<IssuedApiKey> IssueApiKeyHandler::Handle(IssueApiKey command) {
  const auto now = clock_.Now();
  auto secret = secrets_.NewApiKey(command.environment);
  auto key = domain::ApiKey::Create({{secrets_.NewId(now)},
                                     command.system,
                                     std::move(command.name),
                                     secret.prefix,
                                     secret.hash,
                                     now,
                                     command.expires_at,
                                     command.environment});
  if (!key) return std::move(key).error();
  const auto entry = CreationOf(*key, command.author, "key.issued");
  if (auto added = store_.Add(command.partner, *key, entry); !added) return std::move(added).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return IssuedApiKey{*std::move(key), std::move(secret.text)};
}

}  // namespace volcanion::application
