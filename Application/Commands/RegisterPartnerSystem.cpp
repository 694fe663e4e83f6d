#include "Application/Commands/RegisterPartnerSystem.h"

#include "Application/Commands/ManagementAudit.h"

namespace volcanion::application {

domain::Result<domain::PartnerSystem> RegisterPartnerSystemHandler::Handle(RegisterPartnerSystem command) {
  const auto now = clock_.Now();
  auto system = domain::PartnerSystem::Create({secrets_.NewId(now)}, command.partner, std::move(command.name),
                                              command.invalid_events, command.rate_limit, now);
  if (!system) return system;
  const auto entry = CreationOf(*system, command.author, "system.registered");
  if (auto added = store_.AddSystem(*system, entry); !added) return std::move(added).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return system;
}

}  // namespace volcanion::application
