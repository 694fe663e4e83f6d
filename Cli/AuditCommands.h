#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <cstddef>
#include <string>

namespace volcanion::cli {

/// `volcanion audit`: what was changed or refused. Empty filters are none.
struct AuditQuestion {
  std::string partner, actor, action, target, from, to;
  std::size_t limit = 50;  ///< entries, the newest first; 0: all
};

/// Returns the exit status, or why it could not be done. As JSON it is an entry a line.
domain::Result<int> ShowAudit(Remote& remote, const AuditQuestion& question);

}  // namespace volcanion::cli
