#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/ApiKey.h"
#include "Domain/Result.h"
#include "Domain/Uuid.h"
#include "Infrastructure/Postgres/SociPool.h"

#include <string>
#include <vector>

namespace volcanion::infrastructure {

/// What `volcanion up` has made for its demo and whose secrets lie in a file: people and tokens that are marked, and
/// the keys of systems of marked partners. All of it at once, for no partner and no request: its transactions are
/// unbound.
class DemoCredentials {
 public:
  explicit DemoCredentials(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> MarkPartner(domain::PartnerId partner);
  /// Those that are marked, in the order in which they were made.
  domain::Result<std::vector<domain::PartnerId>> ListPartners();
  domain::Result<domain::Done> MarkAdminToken(const domain::SecretHash& token);
  /// How many are good now, in words, without what has expired or is of a system that is not active: "1 person, 1
  /// administrator's token, 5 API keys"; empty for none.
  domain::Result<std::string> Find();
  /// Makes all of them void.
  domain::Result<domain::Done> Revoke(const application::Author& author);

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
