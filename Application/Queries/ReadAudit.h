#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// What was changed of a partner, and by whom? A page of it, the newest first.
struct ReadAudit {
  domain::PartnerId partner;
  int limit = 100;
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
  domain::Result<FoundAudit> Handle(const ReadAudit& question);

 private:
  AuditReader& reader_;
};

}  // namespace volcanion::application
