#pragma once

#include "Application/Ports/ApiKeyStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// write.api_keys and write.api_key_uses.
class PostgresApiKeyStore final : public application::ApiKeyStore {
 public:
  explicit PostgresApiKeyStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> Add(domain::PartnerId partner, const domain::ApiKey& key,
                                   const application::AuditEntry& audit) override;
  domain::Result<domain::ApiKey> Change(domain::PartnerId partner, domain::PartnerSystemId system, domain::ApiKeyId key,
                                        const Decide& decide) override;
  domain::Result<application::ApiKeyPage> List(const application::ApiKeyQuery& query) override;
  domain::Result<domain::Done> NoteUses(const std::vector<application::KeyUse>& uses) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
