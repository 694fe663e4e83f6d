#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// A key pair as JSON Web Keys (RFC 7517).
struct SigningKey {
  std::string id;           ///< the kid of both
  std::string private_jwk;  ///< secret
  std::string public_jwk;
};

/// What a JSON Web Token (RFC 7519) says, as far as we use it. Empty for what it does not say.
struct TokenClaims {
  std::string issuer;
  std::vector<std::string> audiences;
  std::string subject;
  std::optional<domain::Timestamp> issued_at;
  std::optional<domain::Timestamp> not_before;
  std::optional<domain::Timestamp> expires_at;
  std::string session;  ///< "sid"
  std::string email;
  bool email_is_verified = false;

  /// Whether it is of this issuer, for this audience, and good now. A token without an expiry never is. Clocks may
  /// differ: `not_before` may be half a minute away.
  bool AreGood(std::string_view issuer, std::string_view audience, domain::Timestamp now) const;
};

/// JSON Web Signatures by RS256 and nothing else. Thread-safe; does not block.
class SignedTokens {
 public:
  virtual ~SignedTokens() = default;

  virtual domain::Result<SigningKey> NewKey(std::string id) const = 0;
  virtual domain::Result<std::string> Sign(const SigningKey& key, const TokenClaims& claims) const = 0;

  /// The public key that a kid names; nothing for one that is not known.
  using FindKey = std::function<std::optional<std::string>(std::string_view kid)>;
  /// The claims of a token that such a key has signed; nothing of any other. Keys and places of keys that the token
  /// itself brings are not looked at. What the claims are worth is for the caller to say.
  virtual std::optional<TokenClaims> Read(std::string_view token, const FindKey& find_key) const = 0;
};

}  // namespace volcanion::application
