#include "Domain/Partner.h"

#include "Domain/Name.h"

namespace volcanion::domain {

Result<Partner> Partner::Create(PartnerId id, std::string name, Timestamp created_at) {
  if (auto fault = CheckName(name, "/name", kMaxNameBytes)) {
    return Error{ErrorKind::kInvalid, "The partner cannot be created as described.", {*std::move(fault)}};
  }
  return Partner(id, std::move(name), created_at);
}

}  // namespace volcanion::domain
