#include "Infrastructure/Postgres/GroupCommitEventStore.h"

#include "Application/Pause.h"
#include "Infrastructure/Postgres/EventBatchWriter.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::Append;
using application::Appended;
using application::AppendResult;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kReconnectPause{200};
constexpr std::chrono::milliseconds kWatchInterval{50};
constexpr char kNotInTime[] = "The write store does not answer in time. Send the events again later.";
constexpr char kUnknown[] = "It is not known whether the events are stored. Send them again with the same ids.";
constexpr int kMaxRetries = 5;  // of a transaction that PostgreSQL asks to retry

std::size_t BytesOf(const Append& append) {
  std::size_t bytes = 0;
  for (const auto& event : append.events) bytes += event.report().raw.size();
  for (const auto& payload : append.rejected) {
    bytes += payload.body.size();
    for (const auto& fault : payload.faults) bytes += fault.pointer.size() + fault.message.size();
  }
  return bytes;
}

/// Writes one group, in as many transactions as it takes to keep what PostgreSQL refuses apart from the rest.
class GroupWriter {
 public:
  GroupWriter(PqConnection& connection, KeyForecast& forecast, application::Log& log)
      : connection_(connection), forecast_(forecast), log_(log) {}

  /// Throws PqError when something else than the data is wrong.
  void Write(std::vector<EventToWrite> events, std::vector<RejectedToWrite> rejected);
  int commits() const { return commits_; }
  /// Events that were new.
  std::size_t stored() const { return stored_; }

 private:
  /// False when PostgreSQL refuses the data; the transaction is rolled back.
  bool TryWrite(const std::vector<EventToWrite>& events, const std::vector<RejectedToWrite>& rejected);
  void KeepUnstorable(const EventToWrite& event);

  PqConnection& connection_;
  KeyForecast& forecast_;
  application::Log& log_;
  int commits_ = 0;
  std::size_t stored_ = 0;
};

bool GroupWriter::TryWrite(const std::vector<EventToWrite>& events, const std::vector<RejectedToWrite>& rejected) {
  for (int attempt = 1;; ++attempt) {
    try {
      stored_ += EventBatchWriter(connection_, forecast_).Write(events, rejected);
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

/// An append and its answer, which is given once by whoever has it first.
struct GroupCommitEventStore::Pending {
  Pending(Append what, application::AppendDone when_done, steady_clock::time_point now, std::chrono::milliseconds wait)
      : append(std::move(what)), done(std::move(when_done)), since(now), deadline(now + wait) {
    results.resize(append.events.size());
    events = append.events.size() + append.rejected.size();
    bytes = BytesOf(append);
  }

  void Answer(domain::Result<Appended> answer) {
    if (!answered.exchange(true)) done(std::move(answer));
  }

  Append append;
  const application::AppendDone done;
  const steady_clock::time_point since;
  const steady_clock::time_point deadline;
  std::vector<AppendResult> results;
  std::size_t events = 0;  // rejected payloads count as events: they take a row, too
  std::size_t bytes = 0;
  std::atomic<bool> answered = false;
};

GroupCommitEventStore::GroupCommitEventStore(GroupCommitSettings settings, application::Metrics& metrics,
                                             application::Log& log)
    : settings_(std::move(settings)),
      metrics_(metrics),
      log_(log),
      in_hand_(static_cast<std::size_t>(settings_.committers)),
      busy_since_(static_cast<std::size_t>(settings_.committers), steady_clock::now()),
      pace_(settings_.max_wait),
      connections_(static_cast<std::size_t>(settings_.committers)),
      running_(settings_.committers) {
  for (std::size_t i = 0; i < in_hand_.size(); ++i) {
    committers_.emplace_back([this, i](std::stop_token stop) {
      Run(stop, i);
      const std::lock_guard lock(mutex_);
      --running_;
      ended_.notify_all();
    });
  }
  watcher_ = std::jthread([this](std::stop_token stop) { Watch(stop); });
}

GroupCommitEventStore::~GroupCommitEventStore() { Stop(); }

void GroupCommitEventStore::Stop() {
  {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    for (auto& committer : committers_) committer.request_stop();
    if (!ended_.wait_for(lock, settings_.max_wait, [this] { return running_ == 0; })) {
      for (const auto& connection : connections_) {
        if (connection) connection->Cut();
      }
    }
  }
  committers_.clear();
  watcher_ = {};
  for (const auto& pending : queue_) pending->Answer(Unavailable("The server is stopping. Send the events again."));
  queue_.clear();
}

void GroupCommitEventStore::Store(Append append, application::AppendDone done) {
  const auto pending =
      std::make_shared<Pending>(std::move(append), std::move(done), steady_clock::now(), settings_.max_wait);
  std::string_view refusal;
  {
    const std::lock_guard lock(mutex_);
    refusal = Refusal(*pending);
    if (refusal.empty()) {
      queued_events_ += pending->events;
      queued_bytes_ += pending->bytes;
      queue_.push_back(pending);
      metrics_.QueueDepth(queued_events_);
      work_.notify_one();
      return;
    }
  }
  pending->Answer(Unavailable(std::string(refusal)));
}

std::string_view GroupCommitEventStore::Refusal(const Pending& pending) const {
  if (stopped_) return "The server is stopping. Send the events again.";
  if (queued_events_ + pending.events > settings_.max_queued_events ||
      queued_bytes_ + pending.bytes > settings_.max_queued_bytes) {
    return "The queue of events to store is full. Send them again later.";
  }
  if (Hangs(pending.since)) return kNotInTime;
  // One more would make those behind it late.
  if (!queue_.empty() && queue_.front()->since < pending.since - settings_.max_wait / 5) {
    return "The write store is slower than events come. Send the events again later.";
  }
  return {};
}

bool GroupCommitEventStore::Hangs(steady_clock::time_point now) const {
  const auto before = now - pace_.patience();
  return std::ranges::all_of(busy_since_, [&](const auto& since) { return since && *since < before; });
}

void GroupCommitEventStore::Run(std::stop_token stop, std::size_t committer) {
  std::optional<PqConnection> connection;
  KeyForecast forecast;
  while (true) {
    while (!connection) {
      try {
        connection.emplace(settings_.connection_string);
        NoteReachable(true, "");
        const std::lock_guard lock(mutex_);
        connections_[committer] = connection->cutter();
        busy_since_[committer].reset();
      } catch (const PqError& error) {
        NoteReachable(false, error.what());
        if (!application::Pause(stop, kReconnectPause)) return;
      }
    }
    const auto group = TakeGroup(stop, committer);
    if (group.empty()) return;
    try {
      Commit(*connection, forecast, group);
    } catch (const std::exception& error) {  // out of memory, say: nobody may wait for ever
      log_.Error("a group of events was given up", {{"reason", error.what()}});
      for (const auto& pending : group) pending->Answer(Unavailable(kUnknown));
      connection.reset();
    }
    if (connection && !connection->IsAlive()) connection.reset();
    const std::lock_guard lock(mutex_);
    in_hand_[committer].clear();
    busy_since_[committer].reset();
    if (!connection) busy_since_[committer] = steady_clock::now();
  }
}

void GroupCommitEventStore::NoteReachable(bool reachable, std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(reachable_, reachable) == reachable) return;
  }
  if (reachable) {
    log_.Info("the write store can be reached again");
  } else {
    log_.Warning("the write store cannot be reached; committers keep trying", {{"reason", reason}});
  }
}

GroupCommitEventStore::Group GroupCommitEventStore::TakeGroup(std::stop_token stop, std::size_t committer) {
  std::unique_lock lock(mutex_);
  work_.wait(lock, stop, [this] { return !queue_.empty(); });
  Group group;
  std::size_t events = 0, bytes = 0;
  while (!queue_.empty()) {
    const auto& next = *queue_.front();
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
  in_hand_[committer] = group;
  busy_since_[committer] = steady_clock::now();
  if (!queue_.empty()) work_.notify_one();
  return group;
}

void GroupCommitEventStore::PutBack(const Group& group) {
  const std::lock_guard lock(mutex_);
  for (auto pending = group.rbegin(); pending != group.rend(); ++pending) {
    if ((*pending)->answered) continue;
    queued_events_ += (*pending)->events;
    queued_bytes_ += (*pending)->bytes;
    queue_.push_front(*pending);
  }
  // Another committer may have put back what came later, or earlier.
  std::ranges::stable_sort(queue_, {}, [](const auto& pending) { return pending->since; });
  metrics_.QueueDepth(queued_events_);
  work_.notify_all();
}

void GroupCommitEventStore::Watch(std::stop_token stop) {
  bool hung = false;
  while (application::Pause(stop, kWatchInterval)) {
    const auto overdue = TakeOverdue();
    for (const auto& pending : overdue.refused) pending->Answer(Unavailable(kNotInTime));
    for (const auto& pending : overdue.unknown) pending->Answer(Unavailable(kUnknown));
    if (std::exchange(hung, overdue.hangs) == overdue.hangs) continue;
    if (overdue.hangs) {
      log_.Warning("the write store does not answer; events are refused until it does");
    } else {
      log_.Info("the write store answers again");
    }
  }
}

GroupCommitEventStore::Overdue GroupCommitEventStore::TakeOverdue() {
  const std::lock_guard lock(mutex_);
  const auto now = steady_clock::now();
  Overdue overdue;
  overdue.hangs = Hangs(now);
  while (!queue_.empty() && (overdue.hangs || queue_.front()->deadline <= now)) {
    queued_events_ -= queue_.front()->events;
    queued_bytes_ -= queue_.front()->bytes;
    overdue.refused.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  for (const auto& group : in_hand_) {
    // What came first stands first: when that is in time, all is.
    for (const auto& pending : group) {
      if (pending->deadline > now) break;
      if (!pending->answered) overdue.unknown.push_back(pending);
    }
  }
  metrics_.QueueDepth(queued_events_);
  return overdue;
}

void GroupCommitEventStore::Commit(PqConnection& connection, KeyForecast& forecast, const Group& group) {
  const auto begun = steady_clock::now();
  std::vector<EventToWrite> events;
  std::vector<RejectedToWrite> rejected;
  for (const auto& pending : group) {
    for (std::size_t i = 0; i < pending->append.events.size(); ++i) {
      events.push_back({&pending->append.events[i], pending->append.key, &pending->results[i]});
    }
    for (const auto& payload : pending->append.rejected) rejected.push_back({&payload, pending->append.key});
  }
  GroupWriter writer(connection, forecast, log_);
  try {
    writer.Write(std::move(events), std::move(rejected));
  } catch (const PqError& error) {
    metrics_.CommitFailed();
    log_.Error("a group of events was not committed", {{"requests", static_cast<std::int64_t>(group.size())},
                                                       {"sqlstate", error.sqlstate()},
                                                       {"reason", error.what()}});
    if (error.connection_lost() && !error.outcome_unknown() && writer.commits() == 0) return PutBack(group);
    for (const auto& pending : group) pending->Answer(Unavailable(kUnknown));
    return;
  }
  const auto taken = steady_clock::now() - begun;
  metrics_.BatchCommitted(writer.stored(), std::chrono::duration<double>(taken).count());
  {
    const std::lock_guard lock(mutex_);
    pace_.Note(taken);
  }
  for (const auto& pending : group) {
    pending->Answer(Appended{std::move(pending->append.events), std::move(pending->results)});
  }
}

}  // namespace volcanion::infrastructure
