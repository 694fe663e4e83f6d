#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/Result.h"
#include "Domain/ServiceToken.h"
#include "Domain/Uuid.h"

#include <optional>
#include <vector>

namespace volcanion::application {

struct ServiceTokenPage {
  std::vector<domain::ServiceToken> items;  ///< with empty hashes
  bool more = false;
};

/// Tokens of partners' programs, in the write store. Each method is one transaction. Thread-safe; blocks. kUnavailable
/// when the store is away.
class ServiceTokenStore {
 public:
  virtual ~ServiceTokenStore() = default;

  /// kNotFound without the partner.
  virtual domain::Result<domain::Done> Add(const domain::ServiceToken& token, const AuditEntry& entry) = 0;
  /// Those that are not revoked, in the order of their ids, behind `after`. kNotFound without the partner.
  virtual domain::Result<ServiceTokenPage> List(domain::PartnerId partner, std::optional<domain::ServiceTokenId> after,
                                                int limit) = 0;
  /// kNotFound when the partner has no such token. The entry gets the token's name as its target.
  virtual domain::Result<domain::Done> Revoke(domain::PartnerId partner, domain::ServiceTokenId token,
                                              domain::Timestamp now, AuditEntry entry) = 0;
};

}  // namespace volcanion::application
