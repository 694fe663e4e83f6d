#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/ApiKeyStore.h"
#include "Application/Ports/Clock.h"
#include "Domain/ApiKey.h"
#include "Domain/Result.h"

namespace volcanion::application {

struct RevokeApiKey {
  domain::PartnerId partner;
  domain::PartnerSystemId system;
  domain::ApiKeyId key;
  Author author = {};
};

/// Has a key refused from now on; one that was revoked before stays so. kNotFound when the system has no such key.
class RevokeApiKeyHandler {
 public:
  RevokeApiKeyHandler(ApiKeyStore& store, DirectoryCache& directory, const Clock& clock)
      : store_(store), directory_(directory), clock_(clock) {}

  domain::Result<domain::ApiKey> Handle(const RevokeApiKey& command);

 private:
  ApiKeyStore& store_;
  DirectoryCache& directory_;
  const Clock& clock_;
};

}  // namespace volcanion::application
