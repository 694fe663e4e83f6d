#include "Application/Commands/CreatePartner.h"

#include "Application/Commands/ManagementAudit.h"

namespace volcanion::application {

domain::Result<domain::Partner> CreatePartnerHandler::Handle(CreatePartner command) {
  const auto now = clock_.Now();
  auto partner = domain::Partner::Create({secrets_.NewId(now)}, std::move(command.name), now, command.compatibility);
  if (!partner) return partner;
  const auto entry = CreationOf(*partner, command.author, "partner.created");
  if (auto added = store_.AddPartner(*partner, entry); !added) return std::move(added).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return partner;
}

}  // namespace volcanion::application
