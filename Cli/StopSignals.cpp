#include "Cli/StopSignals.h"

#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <initializer_list>
#include <mutex>

namespace volcanion::cli {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of its socket, not of the process
  watcher_ = std::thread([this] { Watch(); });
}

StopSignals::~StopSignals() {
  ending_ = true;
  pthread_kill(watcher_.native_handle(), SIGTERM);
  watcher_.join();
}

void StopSignals::Watch() {
  while (true) {
    int signal = 0;
    sigwait(&signals_, &signal);
    if (ending_) return;
    if (!stop_.request_stop()) _exit(128 + signal);
  }
}

bool StopSignals::WaitFor(std::chrono::milliseconds time) const {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, token(), time, [] { return false; });
  return token().stop_requested();
}

}  // namespace volcanion::cli
