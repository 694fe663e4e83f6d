#pragma once

#include "Application/Ports/ManagementStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// The management tables of the write store.
class PostgresManagementStore final : public application::ManagementStore {
 public:
  explicit PostgresManagementStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> AddPartner(const domain::Partner& partner,
                                          const application::AuditEntry& audit) override;
  domain::Result<domain::Done> AddSystem(const domain::PartnerSystem& system,
                                         const application::AuditEntry& audit) override;
  domain::Result<domain::Partner> GetPartner(domain::PartnerId id) override;
  domain::Result<domain::PartnerSystem> GetSystem(domain::PartnerId partner, domain::PartnerSystemId id) override;
  domain::Result<application::PartnerPage> ListPartners(const application::PartnerQuery& query) override;
  domain::Result<application::SystemPage> ListSystems(const application::SystemQuery& query) override;
  domain::Result<domain::Partner> ChangePartner(domain::PartnerId id, const Decide<domain::Partner>& decide) override;
  domain::Result<domain::PartnerSystem> ChangeSystem(domain::PartnerId partner, domain::PartnerSystemId id,
                                                     const Decide<domain::PartnerSystem>& decide) override;
  domain::Result<domain::Done> AddAdminToken(std::string_view name, std::string_view prefix,
                                             const domain::SecretHash& hash,
                                             const application::AuditEntry& audit) override;
  domain::Result<application::AdminTokenPage> ListAdminTokens(std::optional<application::AdminTokenId> after,
                                                              int limit) override;
  domain::Result<domain::Done> RevokeAdminToken(application::AdminTokenId token,
                                                application::AuditEntry audit) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
