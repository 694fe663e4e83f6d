#include "Infrastructure/Postgres/PostgresOutbox.h"

#include "Infrastructure/Postgres/CountAdditions.h"
#include "Infrastructure/Postgres/JudgementBatches.h"
#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/PqErrors.h"
#include "Infrastructure/Postgres/RenameBatches.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {
namespace {

using application::EventRow;
using application::Freshness;
using application::StoredBatch;

BinaryArray BatchIds(const std::vector<StoredBatch>& batches) {
  BinaryArray ids(kInt8Oid, batches.size());
  for (const auto& batch : batches) ids.Int8(batch.id);
  return ids;
}

// By a statement of its own, before any other snapshot of the claim: what was committed by then is either claimed, or
// still in the outbox when the freshness is measured, or in the read store already. The highest batch comes before the
// claim has a transaction number.
constexpr char kBegin[] = R"sql(
  SELECT clock_timestamp(), coalesce((SELECT batch_id FROM write.batches ORDER BY batch_id DESC LIMIT 1), 0)
)sql";

// Rows are locked as they are fetched: what is not fetched is left to other workers.
constexpr char kOpenClaim[] = R"sql(
  DECLARE claim NO SCROLL CURSOR FOR
  SELECT batch_id, event_count, byte_count FROM write.outbox ORDER BY batch_id FOR UPDATE SKIP LOCKED
)sql";

/// Locks the oldest batches that nobody has, as many as fit; a few more may be locked and left.
std::vector<StoredBatch> ClaimBatches(PqConnection& connection, const OutboxSettings& settings, int max_batches) {
  (void)connection.Execute(kOpenClaim);
  std::vector<StoredBatch> batches;
  std::int64_t events = 0, bytes = 0;
  std::int64_t wanted = 1;
  while (events < settings.max_claim_events && bytes < settings.max_claim_bytes && wanted > 0) {
    const auto fetched = connection.Execute(("FETCH " + std::to_string(wanted) + " FROM claim").c_str(), {});
    for (int row = 0; row < fetched.rows(); ++row) {
      events += fetched.int4(row, 1);
      bytes += fetched.int8(row, 2);
      const bool fits = events <= settings.max_claim_events && bytes <= settings.max_claim_bytes;
      if (!batches.empty() && !fits) return batches;
      batches.push_back({fetched.int8(row, 0), fetched.int4(row, 1), {}});
    }
    if (fetched.rows() < wanted) return batches;
    // As many as fit if the next ones are like those before.
    const auto count = static_cast<std::int64_t>(batches.size());
    const auto by_events = (settings.max_claim_events - events) * count / std::max<std::int64_t>(events, 1);
    const auto by_bytes = (settings.max_claim_bytes - bytes) * count / std::max<std::int64_t>(bytes, 1);
    wanted = std::min(std::max<std::int64_t>(std::min(by_events, by_bytes), 1), max_batches - count);
  }
  return batches;
}

// All of one snapshot: what is pending beside the claim, and below which number every other transaction has ended. The
// snapshot's xmax is no bound of those that run: it is the number behind the last one that has ended, and others may
// run with higher numbers. Our own number is one, of all that had theirs before; it is asked for only where it is
// wanted, as an idle claim has none.
constexpr char kMeasureFreshness[] = R"sql(
  SELECT (SELECT created_at FROM write.outbox WHERE batch_id <> ALL ($1::int8[]) ORDER BY created_at LIMIT 1),
         (SELECT batch_id FROM write.outbox WHERE batch_id <> ALL ($1::int8[]) ORDER BY batch_id LIMIT 1),
         coalesce((SELECT min(running::text::int8) FROM pg_snapshot_xip(pg_current_snapshot()) AS running
                    WHERE running IS DISTINCT FROM pg_current_xact_id_if_assigned()),
                  pg_snapshot_xmax(pg_current_snapshot())::text::int8),
         CASE WHEN $2::bool THEN pg_current_xact_id()::text::int8 END
)sql";

constexpr char kReadEvents[] = R"sql(
  SELECT events.batch_id, events.tracking_event_id, partners.partner_id, partners.name, events.partner_system_id,
         systems.name, events.event_id, events.event_name, events.event_timestamp, events.user_id, events.anonymous_id,
         events.is_valid, events.schema_version, events.validation_errors, events.properties, events.correlation_id,
         events.created_at, coalesce(events.judged_in, 0), events.is_unjudged
  FROM write.tracking_events AS events
  JOIN write.partner_systems AS systems USING (partner_system_id)
  JOIN write.partners AS partners USING (partner_id)
  WHERE events.batch_id = ANY ($1::int8[])
)sql";

/// `batches` are in the order of their ids; the events come in any order.
void ReadEvents(PqConnection& connection, std::vector<StoredBatch>& batches) {
  const auto ids = BatchIds(batches);
  const auto result = connection.Execute(kReadEvents, {{kInt8ArrayOid, ids.bytes()}});
  const auto text = [&result](int row, int column) { return std::string(result.bytes(row, column)); };
  const auto optional_text = [&](int row, int column) {
    return result.is_null(row, column) ? std::nullopt : std::optional(text(row, column));
  };
  auto batch = batches.begin();
  for (int row = 0; row < result.rows(); ++row) {
    const auto batch_id = result.int8(row, 0);
    if (batch->id != batch_id) batch = std::ranges::lower_bound(batches, batch_id, {}, &StoredBatch::id);
    EventRow event;
    event.tracking_event_id = {UuidFromBytes(result.bytes(row, 1))};
    event.partner_id = {UuidFromBytes(result.bytes(row, 2))};
    event.partner_name = text(row, 3);
    event.partner_system_id = {UuidFromBytes(result.bytes(row, 4))};
    event.partner_system_name = text(row, 5);
    event.event_id = text(row, 6);
    event.event_name = text(row, 7);
    event.event_timestamp = FromPostgresMicros(result.int8(row, 8));
    event.user_id = optional_text(row, 9);
    event.anonymous_id = optional_text(row, 10);
    event.is_valid = result.boolean(row, 11);
    if (!result.is_null(row, 12)) event.schema_version = result.int4(row, 12);
    event.validation_errors = text(row, 13);  // empty for null
    event.properties = text(row, 14);
    event.correlation_id = text(row, 15);
    event.created_at = FromPostgresMicros(result.int8(row, 16));
    event.judged_in = result.int8(row, 17);
    event.position = batch_id;
    event.is_unjudged = result.boolean(row, 18);
    batch->events.push_back(std::move(event));
  }
}

bool AllComplete(const std::vector<StoredBatch>& batches) {
  return std::all_of(batches.begin(), batches.end(), [](const StoredBatch& batch) { return batch.IsComplete(); });
}

constexpr char kSetAside[] = R"sql(
  INSERT INTO write.set_aside_batches (batch_id, event_count, byte_count, reason)
  SELECT batch_id, event_count, byte_count, $2::text FROM write.outbox WHERE batch_id = $1::int8
)sql";

constexpr char kDelete[] = "DELETE FROM write.outbox WHERE batch_id = ANY ($1::int8[])";

class PostgresOutboxClaim : public application::OutboxClaim {
 public:
  PostgresOutboxClaim(PqConnection& connection, const application::StepObserver& observer,
                      std::vector<StoredBatch> batches, Freshness freshness)
      : connection_(connection), observer_(observer) {
    batches_ = std::move(batches);
    freshness_ = freshness;
  }
  ~PostgresOutboxClaim() override {
    if (!completed_) connection_.Rollback();
  }

  domain::Result<domain::Done> SetAside(std::int64_t batch, std::string_view reason) override try {
    BinaryValues id;
    id.Int8(batch);
    (void)connection_.Execute(kSetAside, {{kInt8Oid, id.last(8)}, {kTextOid, reason}});
    return domain::Done{};
  } catch (const PqError& error) {
    return ToWorkerError(error);
  }

  domain::Result<domain::Done> Complete() override try {
    const auto ids = BatchIds(batches_);
    (void)connection_.Execute(kDelete, {{kInt8ArrayOid, ids.bytes()}});
    if (observer_) observer_("before write commit");
    // It need not wait for the disk: batches that come back after a crash are marked as projected already.
    connection_.Commit("SET LOCAL synchronous_commit = off; COMMIT");
    completed_ = true;
    return domain::Done{};
  } catch (const PqError& error) {
    return ToWorkerError(error);
  }

 private:
  PqConnection& connection_;
  const application::StepObserver& observer_;
  bool completed_ = false;
};

}  // namespace

PostgresOutbox::PostgresOutbox(OutboxSettings settings, application::StepObserver observer)
    : settings_(std::move(settings)), observer_(std::move(observer)) {}

PqConnection& PostgresOutbox::Connected() {
  if (!connection_ || !connection_->IsAlive()) {
    connection_.emplace(settings_.connection_string);
    interrupt_.Follow(*connection_);
    // A claim waits for the read store as long as that takes.
    (void)connection_->Execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0");
    horizon_.reset();  // it may be another server by now, with transactions of its own
    settled_position_ = 0;
  }
  return *connection_;
}

Freshness PostgresOutbox::MeasureFreshness(PqConnection& connection, domain::Timestamp now, std::int64_t highest,
                                           const std::vector<StoredBatch>& claimed) {
  const bool wants_horizon = !horizon_ && highest > settled_position_;
  const auto ids = BatchIds(claimed);
  BinaryValues wants;
  wants.Boolean(wants_horizon);
  const auto result = connection.Execute(kMeasureFreshness, {{kInt8ArrayOid, ids.bytes()}, {kBoolOid, wants.last(1)}});
  const auto all_ended_below = result.int8(0, 2);
  if (wants_horizon) horizon_ = Horizon{highest, result.int8(0, 3)};
  if (horizon_ && all_ended_below >= horizon_->next_transaction) {
    settled_position_ = horizon_->position;
    horizon_.reset();
  }

  Freshness freshness{settled_position_, now};
  if (!result.is_null(0, 0)) freshness.instant = std::min(now, FromPostgresMicros(result.int8(0, 0)));
  if (!result.is_null(0, 1)) freshness.position = std::min(freshness.position, result.int8(0, 1) - 1);
  return freshness;
}

domain::Result<std::unique_ptr<application::OutboxClaim>> PostgresOutbox::Claim(int max_batches) try {
  auto& connection = Connected();
  try {
    const auto begun = connection.BeginWith(kBegin, {});
    auto batches = ClaimBatches(connection, settings_, max_batches);
    const auto freshness =
        MeasureFreshness(connection, FromPostgresMicros(begun.int8(0, 0)), begun.int8(0, 1), batches);
    if (!batches.empty()) ReadEvents(connection, batches);
    // Few batches hold judgements, names or duplicates: nothing is asked about them while events make every batch
    // complete.
    if (!AllComplete(batches)) ReadJudgements(connection, batches);
    if (!AllComplete(batches)) ReadRenames(connection, batches);
    if (!AllComplete(batches)) ReadDuplicates(connection, batches);
    return std::unique_ptr<application::OutboxClaim>(
        std::make_unique<PostgresOutboxClaim>(connection, observer_, std::move(batches), freshness));
  } catch (...) {
    connection.Rollback();
    throw;
  }
} catch (const PqError& error) {
  return ToWorkerError(error);
}

constexpr char kRetrySetAside[] = R"sql(
  WITH again AS (DELETE FROM write.set_aside_batches RETURNING batch_id, event_count, byte_count)
  INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, event_count, byte_count FROM again
  RETURNING batch_id
)sql";

domain::Result<int> PostgresOutbox::RetrySetAside() try {
  return Connected().Execute(kRetrySetAside, {}).rows();
} catch (const PqError& error) {
  return ToWorkerError(error);
}

constexpr char kLag[] = R"sql(
  SELECT (SELECT count(*) FROM write.outbox),
         (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)) * 1000000, 0)::int8 FROM write.outbox),
         (SELECT count(*) FROM write.set_aside_batches)
)sql";

domain::Result<application::OutboxLag> PostgresOutbox::Lag() try {
  const auto result = Connected().Execute(kLag, {});
  return application::OutboxLag{result.int8(0, 0), static_cast<double>(result.int8(0, 1)) / 1e6, result.int8(0, 2)};
} catch (const PqError& error) {
  return ToWorkerError(error);
}

}  // namespace volcanion::infrastructure
