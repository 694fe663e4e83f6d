#pragma once

#include "Application/Ports/ServiceTokenStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

class PostgresServiceTokenStore final : public application::ServiceTokenStore {
 public:
  explicit PostgresServiceTokenStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> Add(const domain::ServiceToken& token, const application::AuditEntry& entry) override;
  domain::Result<application::ServiceTokenPage> List(domain::PartnerId partner,
                                                     std::optional<domain::ServiceTokenId> after, int limit) override;
  domain::Result<domain::Done> Revoke(domain::PartnerId partner, domain::ServiceTokenId token, domain::Timestamp now,
                                      application::AuditEntry entry) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
