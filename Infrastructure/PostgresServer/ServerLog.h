#pragma once

#include "Infrastructure/PostgresServer/ClusterHome.h"
#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace volcanion::infrastructure {

/// The log file of a cluster, opened for one start of its server. Appended to; set aside first, as `postgres.log.old`,
/// when it is larger than 16 MiB. The constructor throws std::runtime_error. Thread-safe.
class ServerLog {
 public:
  explicit ServerLog(const ClusterHome& home);

  /// For the output of PostgreSQL's programs; stays this object's.
  int descriptor() const { return fd_.get(); }

  /// The last lines that were written since this object was made, and the file's name, as paragraphs to put behind the
  /// sentence of an error.
  [[nodiscard]] std::string Tail() const;

 private:
  std::filesystem::path file_;
  FileDescriptor fd_;
  off_t start_ = 0;
};

}  // namespace volcanion::infrastructure
