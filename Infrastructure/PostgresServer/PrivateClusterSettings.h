#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

struct PrivateClusterSettings {
  /// Made when it does not exist. Everything is in `<directory>/postgres/` and `<directory>/postgres.lock`.
  std::filesystem::path directory;
  /// Off only for data that may be lost with the machine: what is acknowledged is no longer durable.
  bool fsync = true;
  int max_connections = 100;
  /// PostgreSQL's own cache in MiB; 0 takes an eighth of the memory there is for this process, at least 32 MiB and
  /// at most 4 GiB.
  int shared_buffers_mb = 0;
  /// How long the server may stay silent after its start. Recovery after a crash is not silent and takes what it takes.
  std::chrono::seconds start_timeout{60};
  /// How long a shutdown, which writes what is in the cache alone, may take before it is made a crash, which the next
  /// start recovers from.
  std::chrono::seconds stop_timeout{60};
  /// Who runs the server when this process is root, as PostgreSQL refuses root. A cluster that exists keeps its owner.
  std::string server_user = "postgres";
  /// Where the cluster goes when `server_user` may not enter `directory`.
  std::filesystem::path fallback_directory = "/var/lib/volcanion";
  /// Debian's layout: `<installations>/<major version>/bin`.
  std::filesystem::path installations = "/usr/lib/postgresql";
  /// Gets a sentence before each step that takes time. Called by the thread that is in Start(), Stop() or Remove().
  std::function<void(std::string_view)> progress = [](std::string_view) {};
  /// Gets the reason when the server that Start() has brought up ends by itself; it is not started again. Called by a
  /// thread of the cluster's own, which may not call Stop() or Remove(), nor destroy the cluster.
  std::function<void(std::string_view)> on_unexpected_exit = [](std::string_view) {};
};

}  // namespace volcanion::infrastructure
