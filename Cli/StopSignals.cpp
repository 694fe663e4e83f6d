#include "Cli/StopSignals.h"

#include <pthread.h>

#include <initializer_list>

namespace volcanion::cli {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of its socket, not of the process
}

int StopSignals::Wait() {
  int signal = 0;
  sigwait(&signals_, &signal);
  return signal;
}

void StopSignals::LetTheNextOneKill() { pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }

}  // namespace volcanion::cli
