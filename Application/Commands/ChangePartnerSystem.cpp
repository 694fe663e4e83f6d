#include "Application/Commands/ChangePartnerSystem.h"

#include "Application/Commands/ManagementAudit.h"

namespace volcanion::application {

using domain::PartnerSystem;
using domain::Result;

Result<PartnerSystem> ChangePartnerSystemHandler::Handle(const ChangePartnerSystem& command) {
  auto changed = store_.ChangeSystem(
      command.partner, command.system, [&](PartnerSystem& system) -> Result<std::optional<AuditEntry>> {
        if (auto fits = CheckRevision(system.revision(), command.expected_revisions); !fits) return fits.error();
        const auto before = system;
        if (auto done = system.Change(command.change); !done) return std::move(done).error();
        return ChangeOf(before, system, command.author, "system.changed");
      });
  if (changed) (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return changed;
}

}  // namespace volcanion::application
