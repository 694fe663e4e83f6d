#pragma once

#include "Application/Ports/EventReader.h"
#include "Application/Ports/Metrics.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// A new verdict on an event that was stored before.
struct Judgement {
  domain::TrackingEventId event;
  domain::Timestamp event_created_at;
  bool is_valid = true;
  bool is_unjudged = false;
  std::optional<int> schema_version;
  std::string validation_errors;  ///< JSON; empty for none
};

/// What a system and its partner are called from now on; events that were stored before get these names too.
struct Rename {
  domain::PartnerSystemId system;
  std::string partner_name;
  std::string system_name;
};

/// How many events of a name a system has sent again, in a quarter of an hour of their time.
struct DuplicateCount {
  domain::PartnerId partner;
  domain::PartnerSystemId system;
  std::string event_name;
  domain::Timestamp quarter;
  std::int64_t duplicates = 0;
};

/// The events of one transaction, its judgements on earlier ones, new names, or the events that were sent again.
struct StoredBatch {
  std::int64_t id = 0;
  std::int64_t event_count = 0;  ///< of events, judgements, names or counts of duplicates, by the outbox
  std::vector<EventRow> events;  ///< joined with the names of partner and system
  std::vector<Judgement> judgements = {};
  std::vector<Rename> renames = {};
  std::vector<DuplicateCount> duplicates = {};

  /// How many of them were found: of events and duplicates, those whose partner and system were found too.
  std::int64_t found() const {
    return static_cast<std::int64_t>(events.size() + judgements.size() + renames.size() + duplicates.size());
  }
  bool IsComplete() const { return event_count == found(); }
};

/// Batches of the outbox that this worker alone has until it completes or drops the claim. Not thread-safe.
class OutboxClaim {
 public:
  virtual ~OutboxClaim() = default;  ///< without Complete(): everything goes back

  const std::vector<StoredBatch>& batches() const { return batches_; }
  /// What the read store will reflect once these batches are in it.
  const Freshness& freshness() const { return freshness_; }

  /// Takes a batch out of the queue that cannot be projected; kept, with the reason. In force with Complete().
  virtual domain::Result<domain::Done> SetAside(std::int64_t batch, std::string_view reason) = 0;
  /// Removes the batches from the outbox, and commits that.
  virtual domain::Result<domain::Done> Complete() = 0;

 protected:
  std::vector<StoredBatch> batches_;
  Freshness freshness_;
};

/// The queue of batches that are not projected yet; any number of workers may share it. One object per thread.
class Outbox {
 public:
  virtual ~Outbox() = default;

  /// The oldest batches that no other worker has, up to `max_batches` and the configured numbers of events and bytes;
  /// possibly none.
  virtual domain::Result<std::unique_ptr<OutboxClaim>> Claim(int max_batches) = 0;
  virtual domain::Result<OutboxLag> Lag() = 0;
  /// From any thread: what is under way fails soon, whatever it waits for.
  virtual void Interrupt() = 0;
};

/// Rows of the roll-up unknown_events: events of one name from one system that no structure has judged.
struct UnknownCount {
  domain::PartnerId partner;
  std::string event_name;
  domain::PartnerSystemId system;
  std::int64_t events = 0;
  domain::Timestamp first_seen;  ///< by the time of receipt
  domain::Timestamp last_seen;
};

/// What a set of batches adds to the read store.
struct ReadRows {
  std::vector<const EventRow*> events;  ///< borrowed from the claim
  std::vector<UnknownCount> unknown;    ///< one per name and system, sorted, so that two workers never deadlock
};

/// The projector's side of the read store. One object per thread.
class ReadModel {
 public:
  virtual ~ReadModel() = default;

  /// In one transaction: finds out which of `batches` are not in the read store yet, asks `project` for the rows of
  /// those, writes them and the mark that the batches are in. Applying a batch again changes nothing. kInvalid when the
  /// store refuses the rows themselves (another try would not help), kUnavailable otherwise.
  virtual domain::Result<domain::Done> Apply(
      std::span<const StoredBatch> batches, const Freshness& freshness,
      const std::function<ReadRows(const std::vector<const StoredBatch*>&)>& project) = 0;
  /// One bounded step, in one transaction, of giving rows that are in the store the names that Apply() has brought.
  /// False when nothing is left to do.
  virtual domain::Result<bool> RenameSome() = 0;
  /// One bounded step, in one transaction, of folding what Apply() has counted into the roll-ups, once that is worth
  /// it. False when it is not, or others are at it.
  virtual domain::Result<bool> FoldSome() = 0;
  /// Notes how fresh the store is while there is nothing to apply.
  virtual domain::Result<domain::Done> NoteFreshness(const Freshness& freshness) = 0;
  /// From any thread: what is under way fails soon, whatever it waits for.
  virtual void Interrupt() = 0;
};

/// Called at named steps of the projection ("before read commit", ...). Tests throw from it to stop the worker there.
using StepObserver = std::function<void(std::string_view step)>;

}  // namespace volcanion::application
