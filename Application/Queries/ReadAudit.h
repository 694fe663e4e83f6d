#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// What was changed of a partner, or refused, and who asked for it? A page of it, the newest first.
struct ReadAudit {
  AuditQuery query;  ///< without `before`
  std::optional<std::string> cursor = {};
};

struct FoundAudit {
  std::vector<AuditRow> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
};

class ReadAuditHandler {
 public:
  explicit ReadAuditHandler(AuditReader& reader) : reader_(reader) {}

  /// Blocks. kInvalid for a limit that is not from 1 to 1,000 or a cursor of another question; else as
  /// AuditReader::List().
  domain::Result<FoundAudit> Handle(ReadAudit question);

 private:
  AuditReader& reader_;
};

}  // namespace volcanion::application
