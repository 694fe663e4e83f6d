#include "Application/Commands/ChangePartnerSystem.h"

#include <string>
#include <utility>

namespace volcanion::application {
namespace {

using domain::PartnerSystem;
using domain::Result;

std::string InWords(const std::optional<domain::RateLimit>& limit) {
  if (!limit) return "none";
  return std::to_string(limit->events_per_second) + " events per second, burst " + std::to_string(limit->burst);
}

Result<std::optional<AuditEntry>> Change(const ChangePartnerSystem& command, PartnerSystem& system) {
  const auto policy = command.invalid_events.value_or(system.invalid_events());
  const auto limit = command.rate_limit.value_or(system.rate_limit());
  AuditEntry entry{system.partner(), command.author, "system.changed", system.name()};
  entry.details = {{"partnerSystemId", system.id().ToString()}};
  if (policy != system.invalid_events()) {
    entry.details.emplace_back("invalidEvents", domain::ToString(policy));
    entry.details.emplace_back("invalidEventsBefore", domain::ToString(system.invalid_events()));
  }
  if (limit != system.rate_limit()) {
    entry.details.emplace_back("rateLimit", InWords(limit));
    entry.details.emplace_back("rateLimitBefore", InWords(system.rate_limit()));
  }
  if (entry.details.size() == 1) return std::optional<AuditEntry>();
  auto changed =
      PartnerSystem::Create(system.id(), system.partner(), system.name(), policy, limit, system.created_at());
  if (!changed) return std::move(changed).error();
  system = *std::move(changed);
  return std::optional(std::move(entry));
}

}  // namespace

Result<PartnerSystem> ChangePartnerSystemHandler::Handle(const ChangePartnerSystem& command) {
  auto changed = store_.ChangeSystem(command.system, [&](PartnerSystem& system) { return Change(command, system); });
  if (changed) (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return changed;
}

}  // namespace volcanion::application
