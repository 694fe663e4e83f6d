#include "Infrastructure/Postgres/RowScope.h"

namespace volcanion::infrastructure {
namespace {

// As SET LOCAL, of a name that is not known before. The role comes last: what follows is asked as that one.
constexpr char kTakeRole[] = "SELECT set_config('role', current_user || '_request', true)";

}  // namespace

RowScope RowScope::OfAny(const std::vector<domain::PartnerId>& partners) {
  std::string ids;
  for (const auto& partner : partners) ids.append(ids.empty() ? "" : ",").append(partner.ToString());
  return RowScope("SET LOCAL volcanion.partners = '{" + ids + "}'; " + kTakeRole);
}

RowScope RowScope::OfPartnerList() {
  return RowScope(std::string("SET LOCAL volcanion.lists_partners = on; ") + kTakeRole);
}

}  // namespace volcanion::infrastructure
