#pragma once

#include "Application/Ports/SignedTokens.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"

#include <functional>

namespace volcanion::application {

/// Thread-safe; blocks. kUnavailable when the store is away.
class SigningKeyStore {
 public:
  virtual ~SigningKeyStore() = default;

  using Make = std::function<domain::Result<SigningKey>()>;
  /// The key that signs now. Where there is none that was made after `oldest`, a new one takes its place, once even
  /// when several ask at the same time.
  virtual domain::Result<SigningKey> Current(domain::Timestamp oldest, domain::Timestamp now, const Make& make) = 0;
};

}  // namespace volcanion::application
