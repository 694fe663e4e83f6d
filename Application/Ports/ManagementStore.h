#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/ApiKey.h"
#include "Domain/Partner.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Result.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::application {

/// Partners and what belongs to them, in the write store. Each method is one transaction. Thread-safe; blocks.
/// kUnavailable when the store is away.
class ManagementStore {
 public:
  virtual ~ManagementStore() = default;

  /// kConflict when the name is taken.
  virtual domain::Result<domain::Done> AddPartner(const domain::Partner& partner) = 0;
  /// kNotFound without the partner, kConflict when the name is taken within it.
  virtual domain::Result<domain::Done> AddSystem(const domain::PartnerSystem& system) = 0;
  /// kNotFound without the system.
  virtual domain::Result<domain::Done> AddKey(const domain::ApiKey& key) = 0;
  /// kNotFound without the partner.
  virtual domain::Result<domain::Partner> GetPartner(domain::PartnerId id) = 0;

  /// Says what becomes of a thing, and what the audit log says of it; nothing when it stays as it is.
  template <typename T>
  using Decide = std::function<domain::Result<std::optional<AuditEntry>>(T&)>;
  /// Reads, decides and writes while nobody else changes it; as it is then. kNotFound without it; what `decide` fails
  /// with. Of a partner, what it demands of structures can be changed.
  virtual domain::Result<domain::Partner> ChangePartner(domain::PartnerId id,
                                                        const Decide<domain::Partner>& decide) = 0;
  /// Of a system, its policy and its rate limit can be changed.
  virtual domain::Result<domain::PartnerSystem> ChangeSystem(domain::PartnerSystemId id,
                                                             const Decide<domain::PartnerSystem>& decide) = 0;

  virtual domain::Result<domain::Done> AddAdminToken(std::string_view name, std::string_view prefix,
                                                     const domain::SecretHash& hash) = 0;
};

}  // namespace volcanion::application
