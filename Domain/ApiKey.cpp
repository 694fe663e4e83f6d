#include "Domain/ApiKey.h"

#include "Domain/Name.h"

namespace volcanion::domain {

Result<ApiKey> ApiKey::Create(ApiKeyId id, PartnerSystemId system, std::string name, std::string prefix,
                              SecretHash hash, Timestamp created_at, std::optional<Timestamp> expires_at) {
  std::vector<Fault> faults;
  if (auto fault = CheckName(name, "/name", kMaxNameBytes)) faults.push_back(*std::move(fault));
  if (expires_at && *expires_at <= created_at) {
    faults.push_back({"/expiresAt", "in_the_past", "must be in the future"});
  }
  if (!faults.empty()) return Error{ErrorKind::kInvalid, "The key cannot be created as described.", std::move(faults)};
  return ApiKey(id, system, std::move(name), std::move(prefix), hash, created_at, expires_at);
}

}  // namespace volcanion::domain
