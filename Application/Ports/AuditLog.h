#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::application {

/// On whose behalf something is changed.
struct Author {
  std::string actor;           ///< a person or a token, in words: "ops (va_live_AbCdEf)"
  std::string correlation_id;  ///< of the request
};

/// What is written down about a change, in the transaction of the change.
struct AuditEntry {
  std::optional<domain::PartnerId> partner;  ///< nothing for what concerns no partner, or several
  Author author;
  std::string action;                                             ///< past tense: "structure.activated"
  std::string target;                                             ///< what was changed, in words: "purchase, version 2"
  std::vector<std::pair<std::string, std::string>> details = {};  ///< name and text: {"reason", "..."}
  std::vector<domain::Fault> incompatible_changes = {};           ///< those that were overridden
};

/// An entry as it is read.
struct AuditRow {
  std::int64_t id = 0;
  domain::Timestamp at;
  std::string actor;
  std::string action;
  std::string target;
  std::string correlation_id;
  std::string details;  ///< JSON object
};

struct AuditPage {
  std::vector<AuditRow> items;
  bool more = false;  ///< there are older ones behind the last item
};

/// Thread-safe; blocks. kUnavailable when the store is away.
class AuditReader {
 public:
  virtual ~AuditReader() = default;

  /// The newest entries of a partner below the id `before`. kNotFound without the partner.
  virtual domain::Result<AuditPage> List(domain::PartnerId partner, std::optional<std::int64_t> before, int limit) = 0;
};

}  // namespace volcanion::application
