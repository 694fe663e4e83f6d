#include "Application/Commands/CreatePartner.h"

namespace volcanion::application {

domain::Result<domain::Partner> CreatePartnerHandler::Handle(CreatePartner command) {
  const auto now = clock_.Now();
  auto partner = domain::Partner::Create({secrets_.NewId(now)}, std::move(command.name), now);
  if (!partner) return partner;
  if (auto added = store_.AddPartner(*partner); !added) return std::move(added).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return partner;
}

}  // namespace volcanion::application
