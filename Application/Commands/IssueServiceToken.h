#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"
#include "Application/Ports/ServiceTokenStore.h"
#include "Domain/Result.h"
#include "Domain/ServiceToken.h"

#include <optional>
#include <string>

namespace volcanion::application {

struct IssueServiceToken {
  domain::PartnerId partner;
  std::string name;
  domain::Scopes scopes;
  std::optional<domain::Timestamp> expires_at;
  Author author;
};

struct IssuedServiceToken {
  domain::ServiceToken token;
  std::string secret;  ///< the token itself: shown to its owner this once, kept nowhere
};

/// kInvalid as CheckServiceToken(), kNotFound without the partner. Blocks.
class IssueServiceTokenHandler {
 public:
  IssueServiceTokenHandler(ServiceTokenStore& store, DirectoryCache& directory, const Clock& clock,
                           const Secrets& secrets)
      : store_(store), directory_(directory), clock_(clock), secrets_(secrets) {}

  domain::Result<IssuedServiceToken> Handle(IssueServiceToken command);

 private:
  ServiceTokenStore& store_;
  DirectoryCache& directory_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
