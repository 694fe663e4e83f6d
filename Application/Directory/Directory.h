#pragma once

#include "Application/Ports/DirectoryStore.h"
#include "Application/Ports/SchemaCompiler.h"
#include "Application/Principal.h"
#include "Domain/ApiKey.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace volcanion::application {

/// On whose behalf a system posts: the owner of a key that is good right now.
struct Sender {
  domain::ApiKeyId key;
  domain::PartnerSystemId system;
  domain::PartnerId partner;
  domain::InvalidEventPolicy invalid_events = domain::InvalidEventPolicy::kFlag;
  std::optional<domain::RateLimit> rate_limit = {};
};

/// An active version of an event structure.
struct ActiveStructure {
  domain::StructureId id;
  int version = 0;
  std::shared_ptr<const CompiledSchema> schema;  ///< null when the stored schema cannot be compiled
};

/// A picture of partners, systems, keys and structures at one revision. Immutable, shared by threads.
class Directory {
 public:
  Directory() = default;
  /// `previous` lends what it has compiled already.
  Directory(DirectoryRows rows, const Directory& previous, const SchemaCompiler& compiler);

  std::int64_t revision() const { return revision_; }
  std::optional<Sender> FindSender(const domain::SecretHash& key, domain::Timestamp now) const;
  /// Who calls with that administrator's or service token; nothing for one that is not known or has expired.
  std::optional<Principal> FindPrincipal(const domain::SecretHash& token, domain::Timestamp now) const;
  /// Nothing for who may not log in, or not any more.
  std::optional<Principal> FindPerson(domain::UserId id) const;
  std::optional<Principal> FindPersonByEmail(std::string_view email) const;
  bool IsRevoked(domain::SessionId session) const { return revoked_sessions_.contains(session); }
  const std::vector<DirectoryVerificationKey>& verification_keys() const { return verification_keys_; }
  bool IsAdminToken(const domain::SecretHash& token) const { return admin_tokens_.contains(token); }
  bool HasPartner(domain::PartnerId id) const { return FindPartner(id) != nullptr; }
  const DirectoryPartner* FindPartner(domain::PartnerId id) const;
  const DirectoryPartner* FindPartnerNamed(std::string_view name) const;
  const DirectorySystem* FindSystem(domain::PartnerSystemId id) const;
  /// All systems of a partner, in the order of their ids.
  std::vector<const DirectorySystem*> SystemsOf(domain::PartnerId partner) const;
  const DirectorySystem* FindSystemNamed(domain::PartnerId partner, std::string_view name) const;
  /// What judges an event of this system: the named version, or the newest one when none is named; null when there is
  /// no such active version. A system's own structure of that name hides its partner's, all versions of it.
  const ActiveStructure* FindStructure(domain::PartnerId partner, domain::PartnerSystemId system,
                                       std::string_view event_name, std::optional<int> version) const;
  /// Whether any version judges events of this name from this system.
  bool HasStructure(domain::PartnerId partner, domain::PartnerSystemId system, std::string_view event_name) const;
  /// One of the system's own, which judges its events instead of the partner's.
  bool HasOwnStructure(domain::PartnerSystemId system, std::string_view event_name) const;
  std::set<domain::StructureId> CompiledIds() const;

 private:
  struct StructureName {
    domain::Uuid owner;  // the partner, or the one system
    std::string event_name;
  };
  struct StructureNameView {
    domain::Uuid owner;
    std::string_view event_name;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(const StructureNameView& name) const {
      return std::hash<domain::Uuid>()(name.owner) ^ std::hash<std::string_view>()(name.event_name);
    }
    std::size_t operator()(const StructureName& name) const {
      return (*this)(StructureNameView{name.owner, name.event_name});
    }
  };
  struct NameEqual {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return a.owner == b.owner && a.event_name == b.event_name;
    }
  };
  using Versions = std::map<int, ActiveStructure>;
  const Versions* FindVersions(domain::PartnerId partner, domain::PartnerSystemId system,
                               std::string_view event_name) const;

  std::int64_t revision_ = 0;
  std::vector<DirectoryPartner> partners_;
  std::unordered_map<domain::PartnerSystemId, DirectorySystem> systems_;
  std::unordered_map<domain::SecretHash, DirectoryKey> keys_;
  std::unordered_map<domain::SecretHash, std::string> admin_tokens_;  // with who uses it
  std::unordered_map<domain::SecretHash, DirectoryServiceToken> service_tokens_;
  std::unordered_map<domain::UserId, DirectoryPerson> people_;
  std::unordered_map<std::string, domain::UserId> people_by_email_;
  std::unordered_set<domain::SessionId> revoked_sessions_;
  std::vector<DirectoryVerificationKey> verification_keys_;
  std::unordered_map<StructureName, Versions, NameHash, NameEqual> structures_;
};

}  // namespace volcanion::application
