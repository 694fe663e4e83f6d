#pragma once

#include "Application/Ports/AuditLog.h"
#include "Application/Ports/PeopleStore.h"
#include "Domain/ApiKey.h"
#include "Domain/Partner.h"
#include "Domain/PartnerSystem.h"
#include "Domain/ServiceToken.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// What the audit log says of things: names and values, no secrets.
AuditFields FieldsOf(const domain::Partner& partner);
AuditFields FieldsOf(const domain::PartnerSystem& system);
AuditFields FieldsOf(const domain::ApiKey& key);
AuditFields FieldsOf(const domain::ServiceToken& token);
AuditFields FieldsOf(const MemberRow& member);

AuditEntry EntryOf(const domain::Partner& partner, const Author& author, std::string action);
AuditEntry EntryOf(const domain::PartnerSystem& system, const Author& author, std::string action);
/// Without the partner, which a key does not know.
AuditEntry EntryOf(const domain::ApiKey& key, const Author& author, std::string action);

/// The same with what is new.
template <typename T>
AuditEntry CreationOf(const T& thing, const Author& author, std::string action) {
  auto entry = EntryOf(thing, author, std::move(action));
  entry.after = FieldsOf(thing);
  return entry;
}

/// The same with what differs, as it was and as it is; nothing when nothing does.
template <typename T>
std::optional<AuditEntry> ChangeOf(const T& before, const T& after, const Author& author, std::string action) {
  auto entry = EntryOf(after, author, std::move(action));
  const auto old_fields = FieldsOf(before), new_fields = FieldsOf(after);  // of the same names
  for (std::size_t i = 0; i < new_fields.size(); ++i) {
    if (old_fields[i].second == new_fields[i].second) continue;
    entry.before.push_back(old_fields[i]);
    entry.after.push_back(new_fields[i]);
  }
  return entry.after.empty() ? std::nullopt : std::optional(std::move(entry));
}

/// Whether a thing is as the caller of a change last saw it; nothing: whatever it is like now.
domain::Result<domain::Done> CheckRevision(int revision, const std::optional<std::vector<int>>& expected);

}  // namespace volcanion::application
