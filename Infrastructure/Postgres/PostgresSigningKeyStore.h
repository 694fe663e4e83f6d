#pragma once

#include "Application/Ports/SigningKeyStore.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Security/SecretBox.h"

#include <utility>

namespace volcanion::infrastructure {

/// write.signing_keys, the private halves sealed where the box has a key. What is sealed with another key makes
/// Current() fail with kUnavailable, until an operator has done something about it.
class PostgresSigningKeyStore final : public application::SigningKeyStore {
 public:
  PostgresSigningKeyStore(SociPool& write_store, SecretBox box) : pool_(write_store), box_(std::move(box)) {}

  domain::Result<application::SigningKey> Current(domain::Timestamp oldest, domain::Timestamp now,
                                                  const Make& make) override;

  /// Whether the key that Current() would give can be opened, or there is none. Blocks.
  domain::Result<bool> CanOpen(domain::Timestamp oldest);

 private:
  SociPool& pool_;
  const SecretBox box_;
};

}  // namespace volcanion::infrastructure
