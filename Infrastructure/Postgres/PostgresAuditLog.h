#pragma once

#include "Application/Ports/AuditLog.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// Adds an entry in the transaction of `session`, which is that of the change. Throws what SOCI throws.
void AddAuditEntry(soci::session& session, const application::AuditEntry& entry);

/// write.audit_log.
class PostgresAuditLog final : public application::AuditReader, public application::AuditWriter {
 public:
  explicit PostgresAuditLog(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> Add(const std::vector<application::AuditEntry>& entries) override;
  domain::Result<application::AuditPage> List(const application::AuditQuery& query) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
