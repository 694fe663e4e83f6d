#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace volcanion::application {

/// On whose behalf something is changed.
struct Author {
  std::string actor;                ///< a person or a token, in words: "ops (va_live_AbCdEf)"
  std::string correlation_id;       ///< of the request
  std::string client_address = {};  ///< where it came from; empty when not over HTTP
};

/// What a thing was like: names and values, never secrets.
using AuditValue = std::variant<std::monostate, bool, std::int64_t, std::string>;
using AuditFields = std::vector<std::pair<std::string, AuditValue>>;

/// What is written down about a change, in the transaction of the change.
struct AuditEntry {
  std::optional<domain::PartnerId> partner;  ///< nothing for what concerns no partner, or several
  Author author;
  std::string action;                                             ///< past tense: "structure.activated"
  std::string target;                                             ///< what was changed, in words: "purchase, version 2"
  std::vector<std::pair<std::string, std::string>> details = {};  ///< name and text: {"reason", "..."}
  std::vector<domain::Fault> incompatible_changes = {};           ///< those that were overridden
  std::optional<domain::Uuid> target_id = {};
  AuditFields before = {};  ///< what was changed, as it was; empty for what is new
  AuditFields after = {};   ///< and as it became
};

/// An entry as it is read.
struct AuditRow {
  std::int64_t id = 0;
  domain::Timestamp at;
  std::string actor;
  std::string action;
  std::string target;
  std::string correlation_id;
  std::string client_address;  ///< empty when not over HTTP
  std::optional<std::string> target_id;
  std::string details;                ///< JSON object
  std::optional<std::string> before;  ///< JSON object
  std::optional<std::string> after;   ///< likewise
};

/// Which entries of a partner.
struct AuditQuery {
  domain::PartnerId partner;
  std::optional<std::string> actor = {};
  std::optional<std::string> action = {};
  std::optional<std::string> target = {};      ///< the words, or the id
  std::optional<domain::Timestamp> from = {};  ///< inclusive
  std::optional<domain::Timestamp> to = {};    ///< exclusive
  int limit = 100;
  std::optional<std::int64_t> before = {};  ///< the id of the last one of the page before
};

struct AuditPage {
  std::vector<AuditRow> items;
  bool more = false;  ///< there are older ones behind the last item
};

/// For what is no change: the entry of a change is written by the store that changes, in the same transaction.
/// Thread-safe; blocks. kUnavailable when the store is away.
class AuditWriter {
 public:
  virtual ~AuditWriter() = default;

  /// All of them, or none.
  virtual domain::Result<domain::Done> Add(const std::vector<AuditEntry>& entries) = 0;
};

/// Thread-safe; blocks. kUnavailable when the store is away.
class AuditReader {
 public:
  virtual ~AuditReader() = default;

  /// The newest first. kNotFound without the partner.
  virtual domain::Result<AuditPage> List(const AuditQuery& query) = 0;
};

}  // namespace volcanion::application
