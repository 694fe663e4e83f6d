#pragma once

#include "Application/Ports/AuditLog.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// Adds an entry in the transaction of `session`, which is that of the change. Throws what SOCI throws.
void AddAuditEntry(soci::session& session, const application::AuditEntry& entry);

/// write.audit_log, for reading.
class PostgresAuditReader final : public application::AuditReader {
 public:
  explicit PostgresAuditReader(SociPool& write_store) : pool_(write_store) {}

  domain::Result<application::AuditPage> List(domain::PartnerId partner, std::optional<std::int64_t> before,
                                              int limit) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
