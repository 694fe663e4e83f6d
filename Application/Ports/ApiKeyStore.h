#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/ApiKey.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <functional>
#include <optional>
#include <vector>

namespace volcanion::application {

/// A key as people look at it.
struct ApiKeyRow {
  domain::ApiKey key;
  std::optional<domain::Timestamp> last_used_at;  ///< about; see Application/Directory/KeyUses.h
};

struct ApiKeyQuery {
  domain::PartnerId partner;
  domain::PartnerSystemId system;
  int limit = 100;
  std::optional<domain::ApiKeyId> after = {};  ///< the last one of the page before
};

struct ApiKeyPage {
  std::vector<ApiKeyRow> items;
  bool more = false;
};

struct KeyUse {
  domain::ApiKeyId key;
  domain::Timestamp at;
};

/// API keys in the write store. Each method is one transaction, which holds the audit entries of its change too,
/// and sees no rows but those of the partner that it names. Thread-safe; blocks. kUnavailable when the store is away.
/// Nothing deletes keys: what they sent refers to them.
class ApiKeyStore {
 public:
  virtual ~ApiKeyStore() = default;

  /// The entries are the partner's. kNotFound when the partner has no such system.
  virtual domain::Result<domain::Done> Add(domain::PartnerId partner, const domain::ApiKey& key,
                                           const AuditEntry& audit) = 0;

  /// What becomes of a key.
  struct Decision {
    std::vector<AuditEntry> audit;        ///< none: it stays as it is
    std::optional<domain::ApiKey> added;  ///< a new one beside it
  };
  using Decide = std::function<domain::Result<Decision>(domain::ApiKey&)>;
  /// Reads, decides and writes while nobody else changes it; its expiry and its revocation can change. kNotFound when
  /// the partner's system has no such key; what `decide` fails with.
  virtual domain::Result<domain::ApiKey> Change(domain::PartnerId partner, domain::PartnerSystemId system,
                                                domain::ApiKeyId key, const Decide& decide) = 0;

  /// In the order in which they were made. kNotFound when the partner has no such system.
  virtual domain::Result<ApiKeyPage> List(const ApiKeyQuery& query) = 0;

  /// A use never moves back; keys that are not there are left out.
  virtual domain::Result<domain::Done> NoteUses(const std::vector<KeyUse>& uses) = 0;
};

}  // namespace volcanion::application
