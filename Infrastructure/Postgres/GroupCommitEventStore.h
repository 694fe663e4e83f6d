#pragma once

#include "Application/Ports/EventStore.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/Metrics.h"
#include "Infrastructure/Postgres/PqConnection.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace volcanion::infrastructure {

struct GroupCommitSettings {
  std::string connection_string = {};
  int committers = 2;                               ///< connections that commit at the same time
  std::size_t max_group_events = 2'000;             ///< of one transaction, unless a single append has more
  std::size_t max_group_bytes = 8 * 1024 * 1024;    ///< of one transaction, likewise
  std::size_t max_queued_events = 20'000;           ///< appends beyond it are refused at once
  std::size_t max_queued_bytes = 64 * 1024 * 1024;  ///< likewise
  std::chrono::milliseconds max_wait{5'000};        ///< in the queue; then the append is refused
};

/// The group commit: appends wait in a bounded queue; a committer takes all that waits, writes it in one transaction
/// and answers everyone; meanwhile the next group gathers. No timer: a lone append waits for nobody.
///
/// A row that PostgreSQL refuses does not fail its neighbours: the group is split until the row is alone. When the
/// connection breaks, the committer connects anew; the group in hand goes back to the queue, unless a COMMIT was on its
/// way: then nobody knows, and it is answered kUnavailable. Nothing waits longer than `max_wait` for a connection.
class GroupCommitEventStore : public application::EventStore {
 public:
  GroupCommitEventStore(GroupCommitSettings settings, application::Metrics& metrics, application::Log& log);
  /// Commits what is queued, within `max_wait`, and stops.
  ~GroupCommitEventStore() override;

  void Store(application::Append append, application::AppendDone done) override;

 private:
  using Instant = std::chrono::steady_clock::time_point;
  struct Pending {
    application::Append append;
    application::AppendDone done;
    std::vector<application::AppendResult> results;
    std::size_t events = 0;  // rejected payloads count as events: they take a row, too
    std::size_t bytes = 0;
    Instant deadline;
  };
  using Group = std::vector<Pending>;

  void Run(std::stop_token stop);
  /// Waits for something to commit; empty when it is time to stop.
  Group TakeGroup(std::stop_token stop);
  /// Waits out a failed connection attempt, refusing what has waited too long. False when it is time to stop.
  bool WaitForReconnect(std::stop_token stop);
  void RefuseExpired();
  void Commit(PqConnection& connection, Group group);
  void PutBack(Group group);

  const GroupCommitSettings settings_;
  application::Metrics& metrics_;
  application::Log& log_;

  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  std::deque<Pending> queue_;
  std::size_t queued_events_ = 0;
  std::size_t queued_bytes_ = 0;

  std::vector<std::jthread> committers_;  // last: stop before the rest goes
};

}  // namespace volcanion::infrastructure
