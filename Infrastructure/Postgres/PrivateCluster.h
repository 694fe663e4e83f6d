#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

struct PrivateClusterSettings {
  /// Made when it does not exist. Everything is in `<directory>/postgres/` and `<directory>/postgres.lock`.
  std::filesystem::path directory;
  /// Off only for data that may be lost with the machine: what is acknowledged is no longer durable.
  bool fsync = true;
  int max_connections = 100;
  /// PostgreSQL's own cache in MiB; 0 takes an eighth of the machine's memory, at least 32 and at most 512 MiB.
  int shared_buffers_mb = 0;
  /// How long the server may stay silent after its start. Recovery after a crash is not silent and takes what it takes.
  std::chrono::seconds start_timeout{60};
  /// How long a shutdown may take before it is made a crash, which the next start recovers from.
  std::chrono::seconds stop_timeout{30};
  /// Who runs the server when this process is root, as PostgreSQL refuses root. A cluster that exists keeps its owner.
  std::string server_user = "postgres";
  /// Where the cluster goes when `server_user` may not enter `directory`.
  std::filesystem::path fallback_directory = "/var/lib/volcanion";
  /// Debian's layout: `<installations>/<major version>/bin`.
  std::filesystem::path installations = "/usr/lib/postgresql";
  /// Gets a sentence before each step that takes time. Called by the thread that is in Start(), Stop() or Remove().
  std::function<void(std::string_view)> progress = {};
  /// Gets the reason when the server that Start() has brought up ends by itself; it is not started again. Called by a
  /// thread of the cluster's own, which may not call Stop() or Remove(), nor destroy the cluster.
  std::function<void(std::string_view)> on_unexpected_exit = {};
};

/// A PostgreSQL server of our own in a directory: made when there is none, reachable by a Unix socket only and by the
/// user of this process only, and gone with this process, kill -9 included. It shares nothing with a PostgreSQL that
/// the system runs.
///
/// The server keeps a session of its own: Ctrl-C on the terminal does not reach it, Stop() ends it. What it says goes
/// to LogFile(), without statements, parameters or details, as those hold payloads.
///
/// Errors are std::runtime_error with a sentence for the operator, and the end of the server's log where that tells
/// more. Start(), Stop() and Remove() are for one thread at a time; the rest may be called by any thread once Start()
/// returned. The process must not ignore SIGCHLD nor reap children it did not start.
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

  [[nodiscard]] const std::filesystem::path& LogFile() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace volcanion::infrastructure
