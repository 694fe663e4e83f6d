#include "Application/Commands/ChangePartner.h"

namespace volcanion::application {

using domain::Partner;
using domain::Result;

Result<Partner> ChangePartnerHandler::Handle(const ChangePartner& command) {
  return store_.ChangePartner(command.partner, [&](Partner& partner) -> Result<std::optional<AuditEntry>> {
    if (partner.compatibility() == command.compatibility) return std::optional<AuditEntry>();
    AuditEntry entry{partner.id(), command.author, "partner.changed", partner.name()};
    entry.details = {{"compatibility", std::string(domain::ToString(command.compatibility))},
                     {"compatibilityBefore", std::string(domain::ToString(partner.compatibility()))}};
    auto changed = Partner::Create(partner.id(), partner.name(), partner.created_at(), command.compatibility);
    if (!changed) return std::move(changed).error();
    partner = *std::move(changed);
    return std::optional(std::move(entry));
  });
}

}  // namespace volcanion::application
