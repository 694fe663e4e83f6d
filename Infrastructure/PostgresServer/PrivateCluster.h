#pragma once

#include "Infrastructure/PostgresServer/ClusterHome.h"
#include "Infrastructure/PostgresServer/PrivateClusterSettings.h"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

class DirectoryLock;
class ServerLog;
class ServerProcess;

/// A PostgreSQL server of our own in a directory: made when there is none, reachable by a Unix socket only and by the
/// user of this process only, and gone with this process, kill -9 included. It shares nothing with a PostgreSQL that
/// the system runs.
///
/// The server keeps a session of its own: Ctrl-C on the terminal does not reach it, Stop() ends it. What it says goes
/// to LogFile(), without statements, parameters or details, as those hold payloads.
///
/// Errors are std::runtime_error with a sentence for the operator, and the end of the server's log where that tells
/// more. Start(), Stop() and Remove() are for one thread at a time; the rest may be called by any thread once Start()
/// has returned and until one of these three is called again. The process must not ignore SIGCHLD nor reap children it
/// did not start.
class PrivateCluster {
 public:
  explicit PrivateCluster(PrivateClusterSettings settings);
  PrivateCluster(const PrivateCluster&) = delete;
  PrivateCluster& operator=(const PrivateCluster&) = delete;
  /// Stops the server.
  ~PrivateCluster();

  /// Returns when the server takes connections. Makes the cluster when there is none; ends what an earlier run, killed
  /// perhaps, has left running; recovers. Throws when another process holds the directory, when `stop` is requested,
  /// and when it cannot be done; nothing is running then. May be called again after Stop().
  void Start(std::stop_token stop = {});

  /// Ends sessions and server, and lets go of the directory. Nothing happens when it is not running.
  void Stop();

  /// Stops, and deletes the cluster with all its data. Also for a cluster that was not started.
  void Remove();

  /// Whether the server process is there.
  [[nodiscard]] bool Alive() const;

  /// For libpq, as keyword and value pairs to which more can be appended: the owner of the cluster, a superuser, in
  /// `database`. The same after every start unless the directory has moved.
  [[nodiscard]] std::string ConnectionString(std::string_view database) const;

  /// In UTF-8 with the C collation (names and keys sort by code point on every machine).
  void CreateDatabaseIfMissing(std::string_view name);

  /// Known, as the connection string, from the first Start() on.
  [[nodiscard]] const std::filesystem::path& LogFile() const { return home_.log_file; }

 private:
  [[nodiscard]] std::unique_ptr<DirectoryLock> TakeDirectory();

  PrivateClusterSettings settings_;
  bool made_directory_ = false;
  ClusterHome home_;  // as of the last start, as the next
  std::filesystem::path socket_directory_;

  std::unique_ptr<DirectoryLock> lock_;       // from Start() to Stop(), as those below
  std::unique_ptr<DirectoryLock> home_lock_;  // where the directory only links to the cluster: two may link to one
  std::unique_ptr<ServerLog> log_;
  std::unique_ptr<ServerProcess> server_;  // last: it uses settings_, home_ and log_
};

}  // namespace volcanion::infrastructure
