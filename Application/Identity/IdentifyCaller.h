#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Identity/AccessTokens.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/ExternalIdentity.h"
#include "Application/Ports/Secrets.h"
#include "Application/Principal.h"

#include <string_view>
#include <variant>

namespace volcanion::application {

/// Nobody we know, a system, or whoever has a token.
using Caller = std::variant<std::monostate, Sender, Principal>;

/// Whose key or token is it? By what is in memory; does not block. Thread-safe.
class IdentifyCaller {
 public:
  /// `external` may be null.
  IdentifyCaller(DirectoryCache& directory, const AccessTokens& access_tokens, const ExternalIdentity* external,
                 const Secrets& secrets, const Clock& clock)
      : directory_(directory), access_tokens_(access_tokens), external_(external), secrets_(secrets), clock_(clock) {}

  Caller With(std::string_view credential) const;

 private:
  DirectoryCache& directory_;
  const AccessTokens& access_tokens_;
  const ExternalIdentity* external_;
  const Secrets& secrets_;
  const Clock& clock_;
};

}  // namespace volcanion::application
