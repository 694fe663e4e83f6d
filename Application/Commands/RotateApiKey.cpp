#include "Application/Commands/RotateApiKey.h"

#include "Application/Commands/ManagementAudit.h"

#include <string>
#include <utility>

namespace volcanion::application {

using domain::ApiKey;
using domain::Result;

Result<IssuedApiKey> RotateApiKeyHandler::Handle(const RotateApiKey& command) {
  const auto now = clock_.Now();
  std::optional<IssuedApiKey> issued;
  auto changed =
      store_.Change(command.partner, command.system, command.key, [&](ApiKey& old) -> Result<ApiKeyStore::Decision> {
        const auto before = old;
        auto secret = secrets_.NewApiKey(old.environment());
        auto expires_at = command.expires_at;
        if (!expires_at && old.expires_at()) expires_at = now + (*old.expires_at() - old.created_at());
        if (auto gone = old.GiveWay(now, command.overlap); !gone) return std::move(gone).error();
        auto key = ApiKey::Create({{secrets_.NewId(now)},
                                   old.system(),
                                   old.name(),
                                   secret.prefix,
                                   secret.hash,
                                   now,
                                   expires_at,
                                   old.environment()});
        if (!key) return std::move(key).error();
        ApiKeyStore::Decision decision;
        auto rotated = ChangeOf(before, old, command.author, "key.rotated");
        if (!rotated) rotated = EntryOf(old, command.author, "key.rotated");  // it expires before the overlap ends
        rotated->details.emplace_back("newApiKeyId", key->id().ToString());
        decision.audit = {*std::move(rotated), CreationOf(*key, command.author, "key.issued")};
        decision.added = *key;
        issued = IssuedApiKey{*std::move(key), std::move(secret.text)};
        return decision;
      });
  if (!changed) return std::move(changed).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return *std::move(issued);
}

}  // namespace volcanion::application
