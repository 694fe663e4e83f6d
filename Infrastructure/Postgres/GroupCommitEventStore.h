#pragma once

#include "Application/Ports/EventStore.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/Metrics.h"
#include "Infrastructure/Postgres/CommitPace.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace volcanion::infrastructure {

class KeyForecast;

struct GroupCommitSettings {
  std::string connection_string = {};
  int committers = 2;                               ///< connections that commit at the same time
  std::size_t max_group_events = 5'000;             ///< of one transaction, unless a single append has more
  std::size_t max_group_bytes = 8 * 1024 * 1024;    ///< of one transaction, likewise
  std::size_t max_queued_events = 20'000;           ///< appends beyond it are refused at once
  std::size_t max_queued_bytes = 64 * 1024 * 1024;  ///< likewise
  std::chrono::milliseconds max_wait{5'000};        ///< for an answer; then the append is answered kUnavailable
};

/// The group commit: appends wait in a bounded queue; a committer takes all that waits, writes it in one transaction
/// and answers everyone; meanwhile the next group gathers. No timer: a lone append waits for nobody.
///
/// An append that is foreseen to wait too long is refused at once, so that overload is told quickly, and what has been
/// taken keeps its latency. When the database hangs, whatever waits in the queue is refused, too: it is certainly not
/// stored. What is in a transaction then may be, so that it is answered when the transaction ends, or at `max_wait`.
///
/// A row that PostgreSQL refuses does not fail its neighbours: the group is split until the row is alone. When the
/// connection breaks, the committer connects anew; the group in hand goes back to the queue, unless a COMMIT was on its
/// way: then nobody knows, and it is answered kUnavailable. Whatever happens to PostgreSQL, every append is answered
/// within `max_wait` and a moment.
class GroupCommitEventStore : public application::EventStore {
 public:
  GroupCommitEventStore(GroupCommitSettings settings, application::Metrics& metrics, application::Log& log);
  /// Stops.
  ~GroupCommitEventStore() override;

  void Store(application::Append append, application::AppendDone done) override;

  /// Commits what is queued, as far as that can be done within `max_wait`; all is answered when it returns, and all
  /// that comes later is refused. Idempotent; for one thread.
  void Stop();

 private:
  struct Pending;
  using Group = std::vector<std::shared_ptr<Pending>>;

  void Run(std::stop_token stop, std::size_t committer);
  /// Waits for something to commit, and notes it as in hand; empty when it is time to stop.
  Group TakeGroup(std::stop_token stop, std::size_t committer);
  void PutBack(const Group& group);
  /// Answers what has waited too long, and what would wait in vain. Runs until told to stop.
  void Watch(std::stop_token stop);
  struct Overdue {
    Group refused;  // of the queue, which it has left: certainly not stored
    Group unknown;  // in hand
    bool hangs = false;
  };
  Overdue TakeOverdue();
  void Commit(PqConnection& connection, KeyForecast& forecast, const Group& group);
  void NoteReachable(bool reachable, std::string_view reason);
  /// For one more append of this size, or why not; empty: there is room. Under the mutex.
  std::string_view Refusal(const Pending& pending) const;
  /// Every committer has been busy for longer than a commit takes: what waits, waits in vain. Under the mutex.
  bool Hangs(std::chrono::steady_clock::time_point now) const;

  const GroupCommitSettings settings_;
  application::Metrics& metrics_;
  application::Log& log_;

  std::mutex mutex_;  // guards all below
  std::condition_variable_any work_;
  std::deque<std::shared_ptr<Pending>> queue_;
  std::size_t queued_events_ = 0;
  std::size_t queued_bytes_ = 0;
  std::vector<Group> in_hand_;  // by committer; what is being committed
  std::vector<std::optional<std::chrono::steady_clock::time_point>>
      busy_since_;  // by committer; also without connection
  CommitPace pace_;
  std::vector<std::shared_ptr<PqCutter>> connections_;  // by committer
  int running_ = 0;                                     // committers
  std::condition_variable ended_;                       // a committer
  bool reachable_ = true;                               // and the log says so: once, not at every attempt
  bool stopped_ = false;

  std::vector<std::jthread> committers_;  // last: stop before the rest goes
  std::jthread watcher_;
};

}  // namespace volcanion::infrastructure
