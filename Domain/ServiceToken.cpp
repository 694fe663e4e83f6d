#include "Domain/ServiceToken.h"

#include "Domain/Name.h"

#include <vector>

namespace volcanion::domain {

Result<ServiceToken> CheckServiceToken(ServiceToken token) {
  std::vector<Fault> faults;
  if (auto fault = CheckName(token.name, "/name", kMaxNameBytes)) faults.push_back(*std::move(fault));
  if (token.scopes.empty()) faults.push_back({"/scopes", "missing", "must name one scope at least"});
  if (token.expires_at && *token.expires_at <= token.created_at) {
    faults.push_back({"/expiresAt", "out_of_range", "must be in the future"});
  }
  if (!faults.empty()) return Error{ErrorKind::kInvalid, "The token breaks a rule.", std::move(faults)};
  return token;
}

}  // namespace volcanion::domain
