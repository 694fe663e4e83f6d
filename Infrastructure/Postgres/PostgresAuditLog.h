#pragma once

#include "Application/Ports/AuditLog.h"
#include "Infrastructure/Postgres/SociPool.h"

#include <string>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {

/// Adds an entry in the transaction of `session`, which is that of the change. Throws what SOCI throws.
void AddAuditEntry(soci::session& session, const application::AuditEntry& entry);

/// Adds what concerns a person to the log of each partner whose member the person is; to the platform's own when the
/// person is a platform admin, or nobody's member. The target is the person, and so is the actor where the author names
/// none. In the transaction of `session`, which is unbound. Throws what SOCI throws.
void AddEntriesOfPerson(soci::session& session, const std::string& user_id, application::Author author,
                        const char* action, std::vector<std::pair<std::string, std::string>> details = {},
                        application::AuditFields before = {}, application::AuditFields after = {});

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
