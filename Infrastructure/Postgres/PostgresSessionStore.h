#pragma once

#include "Application/Ports/SessionStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

class PostgresSessionStore final : public application::SessionStore {
 public:
  explicit PostgresSessionStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<std::optional<application::StoredCredentials>> FindCredentials(const domain::Email& email) override;
  domain::Result<bool> Begin(domain::SessionId id, const application::StoredCredentials& credentials,
                             const domain::SecretHash& token, domain::Timestamp now, domain::Timestamp expires_at,
                             const application::Author& author) override;
  domain::Result<std::optional<application::Session>> Continue(const domain::SecretHash& used,
                                                               const domain::SecretHash& next, domain::Timestamp now,
                                                               const application::Author& author) override;
  domain::Result<domain::Done> End(const domain::SecretHash& token, domain::Timestamp now,
                                   const application::Author& author) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
