#pragma once

#include "Infrastructure/PostgresServer/ChildProcess.h"
#include "Infrastructure/PostgresServer/ClusterHome.h"
#include "Infrastructure/PostgresServer/PrivateClusterSettings.h"
#include "Infrastructure/PostgresServer/ServerLog.h"

#include <filesystem>
#include <mutex>
#include <stop_token>

namespace volcanion::infrastructure {

/// The server of a cluster that is made and configured, as a process. AwaitReady(), Watch() and Stop() are for one
/// thread. The arguments of the constructor outlive the object. Errors are std::runtime_error with the end of the log.
class ServerProcess {
 public:
  /// Returns when `<programs>/postgres` runs, which is before it takes connections.
  ServerProcess(const std::filesystem::path& programs, const ClusterHome& home, const PrivateClusterSettings& settings,
                const ServerLog& log);

  /// Returns when it takes connections. Throws when it ends instead, when it stays silent for
  /// `settings.start_timeout`, and when `stop` is requested.
  void AwaitReady(const std::stop_token& stop);

  /// From now on `settings.on_unexpected_exit` hears of an end that is not Stop()'s. Throws when it has ended already.
  void Watch();

  /// Ends it: in order within `settings.stop_timeout`, then at once. A server that is destroyed without is killed.
  void Stop();

  /// Thread-safe.
  [[nodiscard]] bool Alive() const { return process_.Id().has_value(); }

 private:
  void ReportExit();

  const ClusterHome& home_;
  const PrivateClusterSettings& settings_;
  const ServerLog& log_;

  std::mutex mutex_;
  bool watched_ = false;  // guarded by mutex_

  ChildProcess process_;  // last: its thread uses the members above
};

}  // namespace volcanion::infrastructure
