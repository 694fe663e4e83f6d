#include "Infrastructure/PostgresServer/ServerProcess.h"

#include "Infrastructure/PostgresServer/PidFile.h"
#include "Infrastructure/PostgresServer/Polling.h"

#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kProgressInterval{5};

Launch ServerLaunch(const std::filesystem::path& programs, const ClusterHome& home, const ServerLog& log) {
  Launch launch;
  launch.program = programs / "postgres";
  launch.arguments = {"-D", home.path.string()};
  launch.user = home.server_user;
  launch.output = log.descriptor();
  launch.death_signal = SIGINT;  // fast shutdown
  return launch;
}

}  // namespace

ServerProcess::ServerProcess(const std::filesystem::path& programs, const ClusterHome& home,
                             const PrivateClusterSettings& settings, const ServerLog& log)
    : home_(home),
      settings_(settings),
      log_(log),
      process_(ServerLaunch(programs, home, log), [this] { ReportExit(); }) {}

void ServerProcess::AwaitReady(const std::stop_token& stop) {
  const std::string name = "PostgreSQL in " + settings_.directory.string();
  auto deadline = Clock::now() + settings_.start_timeout;
  auto next_word = Clock::now() + kProgressInterval;
  while (true) {
    if (const std::optional<int> status = process_.WaitFor(kPollInterval)) {
      throw std::runtime_error(name + " " + DescribeStatus(*status) + " while starting" + log_.Tail());
    }
    ThrowIfStopped(stop);
    const PidFile file = ReadPidFile(home_.data / "postmaster.pid");
    const bool ours = file.pid && file.pid == process_.Id();
    if (ours && file.status == "ready") return;
    const auto now = Clock::now();
    if (ours) {
      deadline = now + settings_.start_timeout;
      if (now >= next_word) {
        settings_.progress("PostgreSQL is recovering");
        next_word = now + kProgressInterval;
      }
    }
    if (now >= deadline) {
      throw std::runtime_error(name + " does not start within " + std::to_string(settings_.start_timeout.count()) +
                               " s" + log_.Tail());
    }
  }
}

void ServerProcess::Watch() {
  const std::lock_guard lock(mutex_);
  if (!Alive()) {
    throw std::runtime_error("PostgreSQL in " + settings_.directory.string() + " ended while starting" + log_.Tail());
  }
  watched_ = true;
}

void ServerProcess::Stop() {
  {
    const std::lock_guard lock(mutex_);
    watched_ = false;
  }
  if (!Alive()) return;
  settings_.progress("stopping PostgreSQL");
  process_.Signal(SIGINT);  // fast shutdown: sessions end, what they had not committed is rolled back
  if (process_.WaitFor(settings_.stop_timeout)) return;
  settings_.progress("PostgreSQL does not stop; ending it at once, the next start will recover");
  process_.Signal(SIGQUIT);
  if (!process_.WaitFor(settings_.stop_timeout)) process_.Signal(SIGKILL);
}

void ServerProcess::ReportExit() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(watched_, false)) return;
  }
  settings_.on_unexpected_exit("PostgreSQL in " + settings_.directory.string() + " has ended by itself" + log_.Tail());
}

}  // namespace volcanion::infrastructure
