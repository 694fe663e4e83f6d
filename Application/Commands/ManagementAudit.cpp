#include "Application/Commands/ManagementAudit.h"

#include "Domain/Timestamp.h"

#include <algorithm>
#include <string>
#include <utility>

namespace volcanion::application {
namespace {

AuditValue InWords(const std::optional<domain::RateLimit>& limit) {
  if (!limit) return {};
  return std::to_string(limit->events_per_second) + " events per second, burst " + std::to_string(limit->burst);
}

AuditValue InWords(const std::optional<domain::Timestamp>& time) {
  return time ? AuditValue(domain::FormatRfc3339(*time)) : AuditValue();
}

}  // namespace

AuditFields FieldsOf(const domain::Partner& partner) {
  return {{"name", partner.name()},
          {"isActive", partner.is_active()},
          {"compatibility", std::string(domain::ToString(partner.compatibility()))}};
}

AuditFields FieldsOf(const domain::PartnerSystem& system) {
  return {{"name", system.name()},
          {"isActive", system.is_active()},
          {"invalidEvents", std::string(domain::ToString(system.invalid_events()))},
          {"rateLimit", InWords(system.rate_limit())}};
}

AuditFields FieldsOf(const domain::ApiKey& key) {
  return {{"name", key.name()},
          {"prefix", key.prefix()},
          {"environment", std::string(domain::ToString(key.environment()))},
          {"expiresAt", InWords(key.expires_at())},
          {"revokedAt", InWords(key.revoked_at())}};
}

AuditFields FieldsOf(const domain::ServiceToken& token) {
  std::string scopes;
  for (const auto scope : domain::kAllScopes) {
    if (token.scopes.Has(scope)) scopes.append(scopes.empty() ? "" : " ").append(domain::ToString(scope));
  }
  return {{"name", token.name},
          {"prefix", token.prefix},
          {"scopes", std::move(scopes)},
          {"expiresAt", InWords(token.expires_at)}};
}

AuditFields FieldsOf(const MemberRow& member) {
  return {{"role", std::string(domain::ToString(member.role))},
          {"state", std::string(member.accepted_at ? "active" : "invited")}};
}

AuditEntry EntryOf(const domain::Partner& partner, const Author& author, std::string action) {
  AuditEntry entry{partner.id(), author, std::move(action), partner.name()};
  entry.target_id = partner.id().value;
  return entry;
}

AuditEntry EntryOf(const domain::PartnerSystem& system, const Author& author, std::string action) {
  AuditEntry entry{system.partner(), author, std::move(action), system.name()};
  entry.target_id = system.id().value;
  return entry;
}

AuditEntry EntryOf(const domain::ApiKey& key, const Author& author, std::string action) {
  AuditEntry entry{std::nullopt, author, std::move(action), key.name() + " (" + key.prefix() + ")"};
  entry.target_id = key.id().value;
  entry.details = {{"partnerSystemId", key.system().ToString()}};
  return entry;
}

domain::Result<domain::Done> CheckRevision(int revision, const std::optional<std::vector<int>>& expected) {
  const bool is_expected = !expected || std::find(expected->begin(), expected->end(), revision) != expected->end();
  if (is_expected) return domain::Done{};
  return domain::Error{domain::ErrorKind::kChangedMeanwhile,
                       "It was changed meanwhile; read it again, and send its ETag as If-Match."};
}

}  // namespace volcanion::application
