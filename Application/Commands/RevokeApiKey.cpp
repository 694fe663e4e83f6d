#include "Application/Commands/RevokeApiKey.h"

#include "Application/Commands/ManagementAudit.h"

namespace volcanion::application {

using domain::ApiKey;
using domain::Result;

Result<ApiKey> RevokeApiKeyHandler::Handle(const RevokeApiKey& command) {
  auto revoked =
      store_.Change(command.partner, command.system, command.key, [&](ApiKey& key) -> Result<ApiKeyStore::Decision> {
        const auto before = key;
        ApiKeyStore::Decision decision;
        if (!key.Revoke(clock_.Now())) return decision;
        decision.audit.push_back(*ChangeOf(before, key, command.author, "key.revoked"));
        return decision;
      });
  if (revoked) (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return revoked;
}

}  // namespace volcanion::application
