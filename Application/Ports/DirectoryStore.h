#pragma once

#include "Application/Principal.h"
#include "Domain/ApiKey.h"
#include "Domain/EventStructure.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Result.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace volcanion::application {

struct DirectoryPartner {
  domain::PartnerId id;
  std::string name;
};

struct DirectorySystem {
  domain::PartnerSystemId id;
  domain::PartnerId partner;
  std::string name;
  domain::InvalidEventPolicy invalid_events = domain::InvalidEventPolicy::kFlag;
  std::optional<domain::RateLimit> rate_limit;
  bool is_active = true;  ///< and its partner too
};

struct DirectoryKey {
  domain::ApiKeyId id;
  domain::PartnerSystemId system;
  domain::SecretHash hash;
  std::optional<domain::Timestamp> expires_at;
};

struct DirectoryAdminToken {
  domain::SecretHash hash;
  std::string name;
  std::string prefix;
};

/// Who may log in, with what they have agreed to be a member of.
struct DirectoryPerson {
  domain::UserId id;
  std::string email;
  bool is_platform_admin = false;
  std::vector<Membership> memberships;
};

struct DirectoryServiceToken {
  domain::ServiceTokenId id;
  domain::PartnerId partner;
  domain::SecretHash hash;
  std::string name;
  std::string prefix;
  domain::Scopes scopes;
  std::optional<domain::Timestamp> expires_at;
};

/// What access tokens are verified by.
struct DirectoryVerificationKey {
  std::string id;
  std::string public_jwk;
  std::optional<domain::Timestamp> retired_at;  ///< nothing for the one that signs
};

struct DirectoryStructure {
  domain::StructureId id;
  domain::StructureIdentity identity;
  int version = 0;
  std::optional<std::string> schema;  ///< left out when the caller has it compiled already
};

/// All that ingestion and authentication need to know, as of one revision: what is revoked, retired or a draft is left
/// out.
struct DirectoryRows {
  std::int64_t revision = 0;
  std::vector<DirectoryPartner> partners;
  std::vector<DirectorySystem> systems;
  std::vector<DirectoryKey> keys;
  std::vector<DirectoryAdminToken> admin_tokens;
  std::vector<DirectoryPerson> people;
  std::vector<DirectoryServiceToken> service_tokens;
  std::vector<domain::SessionId> revoked_sessions;  ///< as far as access tokens of theirs may still be about
  std::vector<DirectoryVerificationKey> verification_keys;
  std::vector<DirectoryStructure> structures;
};

/// Thread-safe; blocks. kUnavailable when the store is away.
class DirectoryStore {
 public:
  virtual ~DirectoryStore() = default;

  /// Grows with every change of what Load() returns.
  virtual domain::Result<std::int64_t> Revision() = 0;
  /// One consistent picture; without the schemas of `known`.
  virtual domain::Result<DirectoryRows> Load(const std::set<domain::StructureId>& known) = 0;
};

}  // namespace volcanion::application
