#pragma once

#include "Domain/ApiKey.h"
#include "Domain/Result.h"
#include "Domain/Scope.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <optional>
#include <string>
#include <utility>

namespace volcanion::domain {

/// A secret with which a program of a partner does some of what people do. The secret itself is shown once.
struct ServiceToken {
  ServiceTokenId id;
  PartnerId partner;
  std::string name;
  std::string prefix;  ///< the first characters of the secret, by which people recognize it
  SecretHash hash;
  Scopes scopes;
  std::string created_by;  ///< in words
  Timestamp created_at;
  std::optional<Timestamp> expires_at = {};
};

/// kInvalid with every fault: a name that breaks Domain/Name.h, no scope, an expiry that is not after the creation.
Result<ServiceToken> CheckServiceToken(ServiceToken token);

}  // namespace volcanion::domain
