#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/ApiKey.h"
#include "Domain/Partner.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Result.h"
#include "Domain/Uuid.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

struct PartnerQuery {
  std::optional<std::vector<domain::PartnerId>> among = {};  ///< these alone; nothing: all, for a platform admin
  std::optional<std::string> name = {};
  std::optional<bool> is_active = {};
  int limit = 100;
  std::optional<domain::PartnerId> after = {};  ///< the last one of the page before
};

struct PartnerPage {
  std::vector<domain::Partner> items;
  bool more = false;
};

struct SystemQuery {
  domain::PartnerId partner;
  std::optional<std::string> name = {};
  std::optional<bool> is_active = {};
  int limit = 100;
  std::optional<domain::PartnerSystemId> after = {};
};

struct SystemPage {
  std::vector<domain::PartnerSystem> items;
  bool more = false;
};

using AdminTokenId = domain::Id<struct AdminTokenKind>;

/// An administrator's token that is good.
struct AdminTokenRow {
  AdminTokenId id;  ///< the first half of its hash: it tells one from another, and nothing of the token
  std::string name;
  std::string prefix;
  domain::Timestamp created_at;
};

struct AdminTokenPage {
  std::vector<AdminTokenRow> items;
  bool more = false;
};

/// Partners and their systems, in the write store. Each method is one transaction, which holds the audit entry of its
/// change too, and sees no rows but those of the partner that it names. Thread-safe; blocks. kUnavailable when the
/// store is away. Nothing deletes partners or systems: events refer to them.
class ManagementStore {
 public:
  virtual ~ManagementStore() = default;

  /// kConflict when the name is taken.
  virtual domain::Result<domain::Done> AddPartner(const domain::Partner& partner, const AuditEntry& audit) = 0;
  /// kNotFound without the partner, kConflict when the name is taken within it.
  virtual domain::Result<domain::Done> AddSystem(const domain::PartnerSystem& system, const AuditEntry& audit) = 0;
  /// kNotFound without it.
  virtual domain::Result<domain::Partner> GetPartner(domain::PartnerId id) = 0;
  virtual domain::Result<domain::PartnerSystem> GetSystem(domain::PartnerId partner, domain::PartnerSystemId id) = 0;
  /// In the order in which they were made.
  virtual domain::Result<PartnerPage> ListPartners(const PartnerQuery& query) = 0;
  /// Likewise. kNotFound without the partner.
  virtual domain::Result<SystemPage> ListSystems(const SystemQuery& query) = 0;

  /// Says what becomes of a thing, and what the audit log says of it; nothing when it stays as it is.
  template <typename T>
  using Decide = std::function<domain::Result<std::optional<AuditEntry>>(T&)>;
  /// Reads, decides and writes while nobody else changes it; as it is then. kNotFound without it, kConflict when a new
  /// name is taken; what `decide` fails with. A new name is queued for the projection by the same transaction.
  virtual domain::Result<domain::Partner> ChangePartner(domain::PartnerId id,
                                                        const Decide<domain::Partner>& decide) = 0;
  virtual domain::Result<domain::PartnerSystem> ChangeSystem(domain::PartnerId partner, domain::PartnerSystemId id,
                                                             const Decide<domain::PartnerSystem>& decide) = 0;

  virtual domain::Result<domain::Done> AddAdminToken(std::string_view name, std::string_view prefix,
                                                     const domain::SecretHash& hash, const AuditEntry& audit) = 0;
  /// Those that are not revoked, in the order of their ids.
  virtual domain::Result<AdminTokenPage> ListAdminTokens(std::optional<AdminTokenId> after, int limit) = 0;
  /// kNotFound without it. The entry gets the token's name as its target.
  virtual domain::Result<domain::Done> RevokeAdminToken(AdminTokenId token, AuditEntry audit) = 0;
};

}  // namespace volcanion::application
