#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/ApiKeyStore.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"
#include "Domain/ApiKey.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::application {

struct IssueApiKey {
  domain::PartnerId partner;
  domain::PartnerSystemId system;
  std::string name;
  std::optional<domain::Timestamp> expires_at = {};
  domain::KeyEnvironment environment = domain::KeyEnvironment::kLive;
  Author author = {};
};

struct IssuedApiKey {
  domain::ApiKey key;
  std::string secret;  ///< the key itself: shown to its owner this once, kept nowhere
};

/// kInvalid for a name that breaks the rules or an expiry in the past, kNotFound without the system.
class IssueApiKeyHandler {
 public:
  IssueApiKeyHandler(ApiKeyStore& store, DirectoryCache& directory, const Clock& clock, const Secrets& secrets)
      : store_(store), directory_(directory), clock_(clock), secrets_(secrets) {}

  domain::Result<IssuedApiKey> Handle(IssueApiKey command);

 private:
  ApiKeyStore& store_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
