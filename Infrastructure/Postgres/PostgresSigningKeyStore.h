#pragma once

#include "Application/Ports/SigningKeyStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

class PostgresSigningKeyStore final : public application::SigningKeyStore {
 public:
  explicit PostgresSigningKeyStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<application::SigningKey> Current(domain::Timestamp oldest, domain::Timestamp now,
                                                  const Make& make) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
