#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <string>
#include <vector>

namespace volcanion::cli {

/// `volcanion events export`.
struct EventExportOptions {
  std::string partner;
  std::string system;  ///< empty: all of the partner
  std::string format = "ndjson";
  std::string output;              ///< a file; empty: stdout
  std::vector<std::string> where;  ///< NAME=VALUE: parameters of the question, as the HTTP API has them
  std::string cursor;              ///< begins behind it, where it is not empty
  std::size_t limit = 0;           ///< 0: all
  int retries = 5;                 ///< one after the other that bring nothing
};

/// Returns the exit status, or why it could not be done. What is written is whole records, each event once, however
/// often the connection breaks.
domain::Result<int> ExportEvents(Remote& remote, const EventExportOptions& options);

}  // namespace volcanion::cli
