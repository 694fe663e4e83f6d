#pragma once

#include "Application/Commands/IssueApiKey.h"
#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/ApiKeyStore.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"
#include "Domain/ApiKey.h"
#include "Domain/Result.h"

#include <chrono>
#include <optional>

namespace volcanion::application {

struct RotateApiKey {
  domain::PartnerId partner;
  domain::PartnerSystemId system;
  domain::ApiKeyId key;
  std::chrono::seconds overlap{0};  ///< for which the old key stays good, unless it expires before
  /// Of the new key; nothing: it lasts as long as the old one was to last from its beginning.
  std::optional<domain::Timestamp> expires_at = {};
  Author author = {};
};

/// Issues a key of the same name and environment in the place of another, which expires after the overlap. kNotFound
/// when the system has no such key, kConflict when that is not active any more, kInvalid for an overlap out of range or
/// an expiry in the past.
class RotateApiKeyHandler {
 public:
  RotateApiKeyHandler(ApiKeyStore& store, DirectoryCache& directory, const Clock& clock, const Secrets& secrets)
      : store_(store), directory_(directory), clock_(clock), secrets_(secrets) {}

  domain::Result<IssuedApiKey> Handle(const RotateApiKey& command);

 private:
  ApiKeyStore& store_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
