#include "Infrastructure/PostgresServer/Leftovers.h"

#include "Infrastructure/PostgresServer/ClusterCreation.h"
#include "Infrastructure/PostgresServer/PidFile.h"
#include "Infrastructure/PostgresServer/Polling.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Adds the server processes whose working directory is `directory`: every process of PostgreSQL works in its data
/// directory.
void AddServersIn(const fs::path& directory, std::vector<pid_t>& pids) {
  struct stat wanted {};
  if (stat(directory.c_str(), &wanted) != 0) return;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{} || pid <= 0) continue;
    struct stat working {};
    if (stat((entry.path() / "cwd").c_str(), &working) != 0) continue;
    if (working.st_dev != wanted.st_dev || working.st_ino != wanted.st_ino) continue;
    // A shell that somebody has left there is not ours to wait for.
    const fs::path program = fs::read_symlink(entry.path() / "exe", ignored);
    if (program.filename().string().starts_with("postgres")) pids.push_back(pid);
  }
}

std::vector<pid_t> ServersIn(const ClusterHome& home) {
  std::vector<pid_t> pids;
  AddServersIn(home.data, pids);
  for (const fs::path& directory : UnfinishedClusters(home)) AddServersIn(directory, pids);
  return pids;
}

void EndServers(const ClusterHome& home, const PrivateClusterSettings& settings, const std::stop_token& stop) {
  const auto gone_in_time = [&] {
    const auto deadline = Clock::now() + settings.stop_timeout;
    while (!ServersIn(home).empty()) {
      if (Clock::now() >= deadline) return false;
      ThrowIfStopped(stop);
      std::this_thread::sleep_for(kPollInterval);
    }
    return true;
  };

  const std::vector<pid_t> pids = ServersIn(home);
  if (pids.empty()) return;
  settings.progress("waiting for PostgreSQL of an earlier run to stop");
  const std::optional<pid_t> first = ReadPidFile(home.data / "postmaster.pid").pid;
  if (first && std::find(pids.begin(), pids.end(), *first) != pids.end()) kill(*first, SIGINT);  // it ends the others
  for (const int signal : {SIGQUIT, SIGKILL}) {
    if (gone_in_time()) return;
    for (const pid_t pid : ServersIn(home)) kill(pid, signal);
  }
  if (gone_in_time()) return;
  throw std::runtime_error("PostgreSQL of an earlier run (process " + std::to_string(ServersIn(home).front()) +
                           ") still works in " + home.data.string() + " and cannot be stopped");
}

// A server of an initdb that was killed removes its own files while it ends: what has gone meanwhile is no failure.
void RemoveAll(const fs::path& directory) {
  constexpr int kAttempts = 10;
  for (int attempt = 1;; ++attempt) {
    std::error_code error;
    fs::remove_all(directory, error);
    if (!error) return;
    const bool changed = error == std::errc::no_such_file_or_directory || error == std::errc::directory_not_empty;
    if (!changed || attempt == kAttempts) throw fs::filesystem_error("cannot remove all", directory, error);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

void EndLeftovers(const ClusterHome& home, const PrivateClusterSettings& settings, const std::stop_token& stop) {
  EndServers(home, settings, stop);
  for (const fs::path& directory : UnfinishedClusters(home)) RemoveAll(directory);

  // After a crash the process id in the file may be that of an unrelated process by now, for which the server would
  // refuse to start. No server works here, as we have just seen, and none can come, as the caller holds the lock.
  const fs::path pid_file = home.data / "postmaster.pid";
  if (const std::optional<pid_t> stale = ReadPidFile(pid_file).pid; stale && kill(*stale, 0) == 0) {
    fs::remove(pid_file);
  }
}

}  // namespace volcanion::infrastructure
