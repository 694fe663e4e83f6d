#include "Domain/Partner.h"

#include "Domain/Name.h"

namespace volcanion::domain {

Result<Partner> Partner::Create(PartnerId id, std::string name, Timestamp created_at, Compatibility compatibility) {
  if (auto fault = CheckName(name, "/name", kMaxNameBytes)) {
    return Error{ErrorKind::kInvalid, "The partner cannot be created as described.", {*std::move(fault)}};
  }
  return Partner(id, std::move(name), created_at, compatibility);
}

}  // namespace volcanion::domain
