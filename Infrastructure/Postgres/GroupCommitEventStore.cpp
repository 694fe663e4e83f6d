#include "Infrastructure/Postgres/GroupCommitEventStore.h"

#include "Infrastructure/Postgres/EventBatchWriter.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::Append;
using application::Appended;
using application::AppendResult;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kReconnectPause{200};
constexpr int kMaxRetries = 5;  // of a transaction that PostgreSQL asks to retry

std::size_t BytesOf(const Append& append) {
  std::size_t bytes = 0;
  for (const auto& event : append.events) bytes += event.report().raw.size();
  for (const auto& payload : append.rejected) bytes += payload.body.size();
  return bytes;
}

/// Writes one group, in as many transactions as it takes to keep what PostgreSQL refuses apart from the rest.
class GroupWriter {
 public:
  GroupWriter(PqConnection& connection, application::Log& log) : connection_(connection), log_(log) {}

  /// Throws PqError when something else than the data is wrong.
  void Write(std::vector<EventToWrite> events, std::vector<RejectedToWrite> rejected);
  int commits() const { return commits_; }

 private:
  /// False when PostgreSQL refuses the data; the transaction is rolled back.
  bool TryWrite(const std::vector<EventToWrite>& events, const std::vector<RejectedToWrite>& rejected);
  void KeepUnstorable(const EventToWrite& event);

  PqConnection& connection_;
  application::Log& log_;
  int commits_ = 0;
};

bool GroupWriter::TryWrite(const std::vector<EventToWrite>& events, const std::vector<RejectedToWrite>& rejected) {
  for (int attempt = 1;; ++attempt) {
    try {
      EventBatchWriter(connection_).Write(events, rejected);
      ++commits_;
      return true;
    } catch (const PqError& error) {
      connection_.Rollback();
      if (error.asks_for_retry() && attempt < kMaxRetries) continue;
      if (!error.refuses_data() || events.empty()) throw;
      return false;
    }
  }
}

void GroupWriter::Write(std::vector<EventToWrite> events, std::vector<RejectedToWrite> rejected) {
  if (TryWrite(events, rejected)) return;
  if (!rejected.empty()) {
    Write({}, std::move(rejected));
    return Write(std::move(events), {});
  }
  if (events.size() == 1) return KeepUnstorable(events.front());
  const auto middle = events.begin() + static_cast<std::ptrdiff_t>(events.size() / 2);
  Write({events.begin(), middle}, {});
  Write({middle, events.end()}, {});
}

void GroupWriter::KeepUnstorable(const EventToWrite& event) {
  const application::RejectedPayload payload{event.event->system(),
                                             event.event->correlation_id(),
                                             event.event->received_at(),
                                             event.event->report().raw,
                                             {{"", "unstorable", "the database cannot store this event"}}};
  TryWrite({}, {{&payload, event.key}});
  event.result->status = AppendResult::Status::kUnstorable;
  log_.Warning("an event cannot be stored; it is kept as a rejected payload",
               {{"correlationId", event.event->correlation_id()}, {"trackingEventId", event.event->id().ToString()}});
}

domain::Error Unavailable(std::string message) { return {domain::ErrorKind::kUnavailable, std::move(message)}; }

}  // namespace

GroupCommitEventStore::GroupCommitEventStore(GroupCommitSettings settings, application::Metrics& metrics,
                                             application::Log& log)
    : settings_(std::move(settings)), metrics_(metrics), log_(log) {
  for (int i = 0; i < settings_.committers; ++i) {
    committers_.emplace_back([this](std::stop_token stop) { Run(stop); });
  }
}

GroupCommitEventStore::~GroupCommitEventStore() {
  for (auto& committer : committers_) committer.request_stop();
  changed_.notify_all();
  committers_.clear();
  for (auto& pending : queue_) pending.done(Unavailable("The server is stopping. Send the events again."));
}

void GroupCommitEventStore::Store(Append append, application::AppendDone done) {
  Pending pending{std::move(append), std::move(done), {}, 0, 0, steady_clock::now() + settings_.max_wait};
  pending.results.resize(pending.append.events.size());
  pending.events = pending.append.events.size() + pending.append.rejected.size();
  pending.bytes = BytesOf(pending.append);
  {
    std::lock_guard lock(mutex_);
    if (queued_events_ + pending.events <= settings_.max_queued_events &&
        queued_bytes_ + pending.bytes <= settings_.max_queued_bytes) {
      queued_events_ += pending.events;
      queued_bytes_ += pending.bytes;
      queue_.push_back(std::move(pending));
      metrics_.QueueDepth(queued_events_);
      changed_.notify_one();
      return;
    }
  }
  pending.done(Unavailable("The queue of events to store is full. Send them again later."));
}

void GroupCommitEventStore::Run(std::stop_token stop) {
  std::optional<PqConnection> connection;
  while (true) {
    while (!connection) {
      try {
        connection.emplace(settings_.connection_string);
      } catch (const PqError& error) {
        log_.Warning("the write store cannot be reached", {{"reason", error.what()}});
        if (!WaitForReconnect(stop)) return;
      }
    }
    auto group = TakeGroup(stop);
    if (group.empty()) return;
    Commit(*connection, std::move(group));
    if (!connection->IsAlive()) connection.reset();
  }
}

GroupCommitEventStore::Group GroupCommitEventStore::TakeGroup(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !queue_.empty(); });
  Group group;
  std::size_t events = 0, bytes = 0;
  while (!queue_.empty()) {
    const auto& next = queue_.front();
    const bool fits =
        events + next.events <= settings_.max_group_events && bytes + next.bytes <= settings_.max_group_bytes;
    if (!group.empty() && !fits) break;
    events += next.events;
    bytes += next.bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_events_ -= events;
  queued_bytes_ -= bytes;
  metrics_.QueueDepth(queued_events_);
  if (!queue_.empty()) changed_.notify_one();
  return group;
}

bool GroupCommitEventStore::WaitForReconnect(std::stop_token stop) {
  RefuseExpired();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, kReconnectPause, [] { return false; });
  return !stop.stop_requested();
}

void GroupCommitEventStore::RefuseExpired() {
  Group expired;
  {
    std::lock_guard lock(mutex_);
    const auto now = steady_clock::now();
    while (!queue_.empty() && queue_.front().deadline <= now) {
      queued_events_ -= queue_.front().events;
      queued_bytes_ -= queue_.front().bytes;
      expired.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    metrics_.QueueDepth(queued_events_);
  }
  for (auto& pending : expired)
    pending.done(Unavailable("The write store cannot be reached. Send the events again later."));
}

void GroupCommitEventStore::PutBack(Group group) {
  {
    std::lock_guard lock(mutex_);
    for (auto pending = group.rbegin(); pending != group.rend(); ++pending) {
      queued_events_ += pending->events;
      queued_bytes_ += pending->bytes;
      queue_.push_front(std::move(*pending));
    }
  }
  RefuseExpired();  // else a connection that breaks at every attempt would keep them for ever
}

void GroupCommitEventStore::Commit(PqConnection& connection, Group group) {
  const auto begun = steady_clock::now();
  std::vector<EventToWrite> events;
  std::vector<RejectedToWrite> rejected;
  for (auto& pending : group) {
    for (std::size_t i = 0; i < pending.append.events.size(); ++i) {
      events.push_back({&pending.append.events[i], pending.append.key, &pending.results[i]});
    }
    for (const auto& payload : pending.append.rejected) rejected.push_back({&payload, pending.append.key});
  }
  const auto count = events.size();
  GroupWriter writer(connection, log_);
  try {
    writer.Write(std::move(events), std::move(rejected));
  } catch (const PqError& error) {
    metrics_.CommitFailed();
    log_.Error(
        "a group of events was not committed",
        {{"events", static_cast<std::int64_t>(count)}, {"sqlstate", error.sqlstate()}, {"reason", error.what()}});
    if (error.connection_lost() && !error.outcome_unknown() && writer.commits() == 0) return PutBack(std::move(group));
    for (auto& pending : group) {
      pending.done(Unavailable("It is not known whether the events are stored. Send them again with the same ids."));
    }
    return;
  }
  metrics_.BatchCommitted(count, std::chrono::duration<double>(steady_clock::now() - begun).count());
  for (auto& pending : group) pending.done(Appended{std::move(pending.append.events), std::move(pending.results)});
}

}  // namespace volcanion::infrastructure
