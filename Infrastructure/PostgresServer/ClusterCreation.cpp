#include "Infrastructure/PostgresServer/ClusterCreation.h"

#include "Infrastructure/PostgresServer/ChildProcess.h"
#include "Infrastructure/PostgresServer/FileOwnership.h"
#include "Infrastructure/PostgresServer/Polling.h"
#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinished = "data.new-";

}  // namespace

void CreateCluster(const fs::path& programs, const ClusterHome& home, const PrivateClusterSettings& settings,
                   const ServerLog& log, const std::stop_token& stop) {
  // Each attempt has a name of its own, out of reach of what an earlier one may still be about to do.
  const fs::path unfinished = home.path / (std::string(kUnfinished) + RandomName());
  MakeServerDirectory(unfinished, home.server_user);

  Launch launch;
  launch.program = programs / "initdb";
  launch.arguments = {"--pgdata=" + unfinished.string(), "--username=" + std::string(kClusterOwner), "--encoding=UTF8",
                      // Both sort by code point; C.UTF-8 would ask the C library at each step into an index of texts.
                      "--locale=C.UTF-8", "--lc-collate=C", "--data-checksums",
                      // Only for one who starts it by hand with the files in there; ours are WriteConfiguration()'s.
                      "--auth-local=peer", "--auth-host=reject", "--no-instructions"};
  if (!settings.fsync) launch.arguments.emplace_back("--no-sync");
  launch.user = home.server_user;
  launch.output = log.descriptor();
  launch.death_signal = SIGKILL;  // anything else makes it clean up, while the next start does the same
  ChildProcess initdb(std::move(launch));
  std::optional<int> status;
  while (!(status = initdb.WaitFor(kPollInterval))) ThrowIfStopped(stop);
  if (*status != 0) {
    throw std::runtime_error("PostgreSQL's initdb for " + home.path.string() + " " + DescribeStatus(*status) +
                             log.Tail());
  }
  fs::rename(unfinished, home.data);
  if (!settings.fsync) return;
  const FileDescriptor parent(open(home.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fsync(parent.get()) != 0) ThrowSystemError("Cannot sync " + home.path.string(), errno);
}

std::vector<fs::path> UnfinishedClusters(const ClusterHome& home) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(home.path, ignored)) {
    if (entry.path().filename().string().starts_with(kUnfinished)) found.push_back(entry.path());
  }
  return found;
}

}  // namespace volcanion::infrastructure
