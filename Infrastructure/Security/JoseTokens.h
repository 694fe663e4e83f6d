#pragma once

#include "Application/Ports/SignedTokens.h"

namespace volcanion::infrastructure {

/// By cjose: RS256 (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518, 3.3) with keys of 2,048 bits at least, in the compact
/// form.
class JoseTokens final : public application::SignedTokens {
 public:
  domain::Result<application::SigningKey> NewKey(std::string id) const override;
  domain::Result<std::string> Sign(const application::SigningKey& key,
                                   const application::TokenClaims& claims) const override;
  std::optional<application::TokenClaims> Read(std::string_view token, const FindKey& find_key) const override;
};

}  // namespace volcanion::infrastructure
