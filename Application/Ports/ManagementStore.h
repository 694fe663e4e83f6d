#pragma once

#include "Domain/ApiKey.h"
#include "Domain/EventStructure.h"
#include "Domain/Partner.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Result.h"

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
  /// The version it became, counted from 1 within its event name. kNotFound without the partner.
  virtual domain::Result<int> AddStructure(const domain::EventStructure& structure) = 0;
  virtual domain::Result<domain::Done> AddAdminToken(std::string_view name, std::string_view prefix,
                                                     const domain::SecretHash& hash) = 0;
};

}  // namespace volcanion::application
