#include "Application/Directory/Directory.h"

#include <algorithm>
#include <utility>

namespace volcanion::application {

Directory::Directory(DirectoryRows rows, const Directory& previous, const SchemaCompiler& compiler)
    : revision_(rows.revision),
      partners_(std::move(rows.partners)),
      revoked_sessions_(rows.revoked_sessions.begin(), rows.revoked_sessions.end()),
      verification_keys_(std::move(rows.verification_keys)) {
  std::unordered_map<domain::StructureId, const ActiveStructure*> compiled;
  for (const auto& [name, versions] : previous.structures_) {
    for (const auto& [number, structure] : versions) compiled.emplace(structure.id, &structure);
  }
  for (auto& row : rows.structures) {
    ActiveStructure structure{row.id, row.version, nullptr};
    if (row.schema) {
      if (auto schema = compiler.Compile(*row.schema)) structure.schema = *std::move(schema);
    } else if (const auto found = compiled.find(row.id); found != compiled.end()) {
      structure.schema = found->second->schema;
    }
    auto& identity = row.identity;
    const auto owner = identity.system ? identity.system->value : identity.partner.value;
    structures_[StructureName{owner, std::move(identity.event_name)}].emplace(row.version, std::move(structure));
  }
  for (auto& row : rows.systems) systems_.emplace(row.id, std::move(row));
  for (auto& row : rows.keys) keys_.emplace(row.hash, row);
  for (const auto& token : rows.admin_tokens) {
    admin_tokens_.emplace(token.hash, token.name + " (" + token.prefix + ")");
  }
  for (auto& token : rows.service_tokens) service_tokens_.emplace(token.hash, std::move(token));
  for (auto& person : rows.people) {
    people_by_email_.emplace(person.email, person.id);
    people_.emplace(person.id, std::move(person));
  }
}

std::optional<Sender> Directory::FindSender(const domain::SecretHash& key, domain::Timestamp now) const {
  // Looked up by the hash of a secret with 256 random bits: the time a look-up takes tells nothing about any key.
  const auto found = keys_.find(key);
  if (found == keys_.end()) return std::nullopt;
  if (found->second.expires_at && *found->second.expires_at <= now) return std::nullopt;
  const auto* system = FindSystem(found->second.system);
  if (system == nullptr || !system->is_active) return std::nullopt;
  return Sender{found->second.id, system->id, system->partner, system->invalid_events, system->rate_limit};
}

const DirectoryPartner* Directory::FindPartner(domain::PartnerId id) const {
  const auto found =
      std::find_if(partners_.begin(), partners_.end(), [&](const auto& partner) { return partner.id == id; });
  return found == partners_.end() ? nullptr : &*found;
}

const DirectoryPartner* Directory::FindPartnerNamed(std::string_view name) const {
  const auto found =
      std::find_if(partners_.begin(), partners_.end(), [&](const auto& partner) { return partner.name == name; });
  return found == partners_.end() ? nullptr : &*found;
}

const DirectorySystem* Directory::FindSystemNamed(domain::PartnerId partner, std::string_view name) const {
  for (const auto& [id, system] : systems_) {
    if (system.partner == partner && system.name == name) return &system;
  }
  return nullptr;
}

std::vector<const DirectorySystem*> Directory::SystemsOf(domain::PartnerId partner) const {
  std::vector<const DirectorySystem*> systems;
  for (const auto& [id, system] : systems_) {
    if (system.partner == partner) systems.push_back(&system);
  }
  std::sort(systems.begin(), systems.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return systems;
}

const DirectorySystem* Directory::FindSystem(domain::PartnerSystemId id) const {
  const auto found = systems_.find(id);
  return found == systems_.end() ? nullptr : &found->second;
}

std::optional<Principal> Directory::FindPrincipal(const domain::SecretHash& token, domain::Timestamp now) const {
  if (const auto found = admin_tokens_.find(token); found != admin_tokens_.end()) {
    return Principal{.name = found->second, .is_platform_admin = true};
  }
  const auto found = service_tokens_.find(token);
  if (found == service_tokens_.end()) return std::nullopt;
  const auto& known = found->second;
  if (known.expires_at && *known.expires_at <= now) return std::nullopt;
  return Principal{.name = known.name + " (" + known.prefix + ", " + known.id.ToString() + ")",
                   .service = ServiceGrant{known.partner, known.scopes}};
}

std::optional<Principal> Directory::FindPerson(domain::UserId id) const {
  const auto found = people_.find(id);
  if (found == people_.end()) return std::nullopt;
  const auto& person = found->second;
  return Principal{person.email, person.is_platform_admin, person.id, person.memberships, std::nullopt};
}

std::optional<Principal> Directory::FindPersonByEmail(std::string_view email) const {
  const auto found = people_by_email_.find(std::string(email));
  return found == people_by_email_.end() ? std::nullopt : FindPerson(found->second);
}

const Directory::Versions* Directory::FindVersions(domain::PartnerId partner, domain::PartnerSystemId system,
                                                   std::string_view event_name) const {
  for (const auto& owner : {system.value, partner.value}) {
    const auto found = structures_.find(StructureNameView{owner, event_name});
    if (found != structures_.end()) return &found->second;
  }
  return nullptr;
}

const ActiveStructure* Directory::FindStructure(domain::PartnerId partner, domain::PartnerSystemId system,
                                                std::string_view event_name, std::optional<int> version) const {
  const auto* versions = FindVersions(partner, system, event_name);
  if (versions == nullptr) return nullptr;
  if (!version) return &versions->rbegin()->second;
  const auto found = versions->find(*version);
  return found == versions->end() ? nullptr : &found->second;
}

bool Directory::HasStructure(domain::PartnerId partner, domain::PartnerSystemId system,
                             std::string_view event_name) const {
  return FindVersions(partner, system, event_name) != nullptr;
}

bool Directory::HasOwnStructure(domain::PartnerSystemId system, std::string_view event_name) const {
  return structures_.contains(StructureNameView{system.value, event_name});
}

std::set<domain::StructureId> Directory::CompiledIds() const {
  std::set<domain::StructureId> ids;
  for (const auto& [name, versions] : structures_) {
    for (const auto& [number, structure] : versions) {
      if (structure.schema) ids.insert(structure.id);
    }
  }
  return ids;
}

}  // namespace volcanion::application
