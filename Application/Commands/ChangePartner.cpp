#include "Application/Commands/ChangePartner.h"

#include "Application/Commands/ManagementAudit.h"

namespace volcanion::application {

using domain::Partner;
using domain::Result;

Result<Partner> ChangePartnerHandler::Handle(const ChangePartner& command) {
  auto changed = store_.ChangePartner(command.partner, [&](Partner& partner) -> Result<std::optional<AuditEntry>> {
    if (auto fits = CheckRevision(partner.revision(), command.expected_revisions); !fits) return fits.error();
    const auto before = partner;
    if (auto done = partner.Change(command.change); !done) return std::move(done).error();
    return ChangeOf(before, partner, command.author, "partner.changed");
  });
  if (changed) (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return changed;
}

}  // namespace volcanion::application
