#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <chrono>
#include <string>

namespace volcanion::cli {

// `volcanion job ...`. Each returns the exit status, or why it could not be done.

struct JobAddress {
  std::string partner, job;
};

domain::Result<int> ListJobs(Remote& remote, const std::string& partner);
domain::Result<int> ShowJob(Remote& remote, const JobAddress& address);
/// Until it has ended; the exit status says whether it succeeded. kUnavailable when it has not by then.
domain::Result<int> WaitForJob(Remote& remote, const JobAddress& address, std::chrono::seconds patience);
domain::Result<int> CancelJob(Remote& remote, const JobAddress& address);

/// The job at this path of the API once it has ended; kUnavailable when it has not by then.
domain::Result<JsonObject> AwaitJob(Remote& remote, const std::string& path, std::chrono::seconds patience);

}  // namespace volcanion::cli
