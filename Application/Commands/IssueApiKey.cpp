#include "Application/Commands/IssueApiKey.h"

namespace volcanion::application {

domain::Result<IssuedApiKey> IssueApiKeyHandler::Handle(IssueApiKey command) {
  const auto now = clock_.Now();
  auto secret = secrets_.NewApiKey();
  auto key = domain::ApiKey::Create({secrets_.NewId(now)}, command.system, std::move(command.name), secret.prefix,
                                    secret.hash, now, command.expires_at);
  if (!key) return std::move(key).error();
  if (auto added = store_.AddKey(*key); !added) return std::move(added).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return IssuedApiKey{*std::move(key), std::move(secret.text)};
}

}  // namespace volcanion::application
