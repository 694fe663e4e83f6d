#include "Infrastructure/Postgres/PostgresReadModel.h"

#include "Infrastructure/Postgres/ChangedDays.h"
#include "Infrastructure/Postgres/CountAdditions.h"
#include "Infrastructure/Postgres/JudgementBatches.h"
#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/PqErrors.h"
#include "Infrastructure/Postgres/RenameBatches.h"

#include <chrono>
#include <cstdio>
#include <unordered_set>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::EventRow;
using application::Freshness;
using application::ReadRows;
using application::StoredBatch;
using application::UnknownCount;

std::chrono::year_month MonthOf(domain::Timestamp time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return day.year() / day.month();
}

/// "2026-11"
std::string ToText(std::chrono::year_month month, char separator) {
  char text[16];
  std::snprintf(text, sizeof text, "%04d%c%02u", static_cast<int>(month.year()), separator,
                static_cast<unsigned>(month.month()));
  return text;
}

/// Attached, not created as a partition: that would lock out every reader until it is done. One at a time, as two
/// workers may meet a new month together.
void CreatePartition(PqConnection& connection, std::chrono::year_month month) {
  const auto table = "read.events_" + ToText(month, '_');
  const auto first = ToText(month, '-') + "-01T00:00:00Z";
  const auto end = ToText(month + std::chrono::months(1), '-') + "-01T00:00:00Z";
  (void)connection.Execute("BEGIN; SELECT pg_advisory_xact_lock(7021962)");
  connection.Commit(("DO $do$ BEGIN IF to_regclass('" + table + "') IS NULL THEN CREATE TABLE " + table +
                     " (LIKE read.tracking_events_read_model INCLUDING ALL);"
                     " ALTER TABLE read.tracking_events_read_model ATTACH PARTITION " +
                     table + " FOR VALUES FROM ('" + first + "') TO ('" + end + "'); END IF; END $do$; COMMIT")
                        .c_str());
}

// Waits for a worker that has marked one of them and not committed yet: then it is either marked, or free again.
constexpr char kMark[] = R"sql(
  INSERT INTO read.projected_batches (batch_id, event_count)
  SELECT id, events FROM unnest($1::int8[], $2::int4[]) AS new (id, events) ORDER BY id
  ON CONFLICT DO NOTHING
  RETURNING batch_id
)sql";

/// Begins the transaction and marks the batches; those that were not marked before.
std::vector<const StoredBatch*> Mark(PqConnection& connection, std::span<const StoredBatch> batches) {
  BinaryArray ids(kInt8Oid, batches.size()), counts(kInt4Oid, batches.size());
  for (const auto& batch : batches) {
    ids.Int8(batch.id);
    counts.Int4(static_cast<std::int32_t>(batch.events.size()));
  }
  const auto result = connection.BeginWith(kMark, {{kInt8ArrayOid, ids.bytes()}, {kInt4ArrayOid, counts.bytes()}});
  std::unordered_set<std::int64_t> marked;
  for (int row = 0; row < result.rows(); ++row) marked.insert(result.int8(row, 0));
  std::vector<const StoredBatch*> fresh;
  for (const auto& batch : batches) {
    if (marked.contains(batch.id)) fresh.push_back(&batch);
  }
  return fresh;
}

constexpr char kCopyEvents[] =
    "COPY read.tracking_events_read_model (tracking_event_id, partner_id, partner_name, partner_system_id, "
    "partner_system_name, event_id, event_name, event_timestamp, user_id, anonymous_id, is_valid, schema_version, "
    "validation_errors, properties, properties_bytes, correlation_id, created_at, batch_id, judged_in, is_unjudged) "
    "FROM STDIN (FORMAT binary)";

void CopyEvents(PqConnection& connection, const std::vector<const EventRow*>& events, const NamesBySystem& names) {
  if (events.empty()) return;
  BinaryCopy rows;
  const auto optional_text = [&rows](const std::optional<std::string>& text) {
    text ? rows.Bytes(*text) : rows.Null();
  };
  for (const auto* event : events) {
    rows.Row(20);
    rows.Uuid(event->tracking_event_id.value);
    rows.Uuid(event->partner_id.value);
    const auto renamed = names.find(event->partner_system_id);
    const bool is_renamed = renamed != names.end();
    rows.Bytes(is_renamed ? renamed->second.partner_name : event->partner_name);
    rows.Uuid(event->partner_system_id.value);
    rows.Bytes(is_renamed ? renamed->second.system_name : event->partner_system_name);
    rows.Bytes(event->event_id);
    rows.Bytes(event->event_name);
    rows.Timestamp(event->event_timestamp);
    optional_text(event->user_id);
    optional_text(event->anonymous_id);
    rows.Boolean(event->is_valid);
    event->schema_version ? rows.Int4(*event->schema_version) : rows.Null();
    event->validation_errors.empty() ? rows.Null() : rows.Bytes(event->validation_errors);
    rows.Bytes(event->properties);
    rows.Int4(static_cast<std::int32_t>(event->properties.size() + event->validation_errors.size()));
    rows.Bytes(event->correlation_id);
    rows.Timestamp(event->created_at);
    rows.Int8(event->position);
    event->judged_in == 0 ? rows.Null() : rows.Int8(event->judged_in);
    rows.Boolean(event->is_unjudged);
  }
  connection.CopyIn(kCopyEvents, rows.Finish());
}

constexpr char kAddUnknown[] = R"sql(
  INSERT INTO read.unknown_events AS known (partner_id, event_name, partner_system_id, events, first_seen, last_seen)
  SELECT partner, event_name, system, events, first_seen, last_seen
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int8[], $5::timestamptz[], $6::timestamptz[])
    AS new (partner, event_name, system, events, first_seen, last_seen)
  ON CONFLICT (partner_id, event_name, partner_system_id) DO UPDATE
    SET events = known.events + excluded.events, first_seen = least(known.first_seen, excluded.first_seen),
        last_seen = greatest(known.last_seen, excluded.last_seen)
)sql";

void AddUnknown(PqConnection& connection, const std::vector<UnknownCount>& unknown) {
  if (unknown.empty()) return;
  const auto size = unknown.size();
  BinaryArray partners(kUuidOid, size), names(kTextOid, size), systems(kUuidOid, size), events(kInt8Oid, size),
      first(kTimestamptzOid, size), last(kTimestamptzOid, size);
  for (const auto& count : unknown) {
    partners.Uuid(count.partner.value);
    names.Bytes(count.event_name);
    systems.Uuid(count.system.value);
    events.Int8(count.events);
    first.Timestamp(count.first_seen);
    last.Timestamp(count.last_seen);
  }
  (void)connection.Execute(kAddUnknown, {{kUuidArrayOid, partners.bytes()},
                                         {kTextArrayOid, names.bytes()},
                                         {kUuidArrayOid, systems.bytes()},
                                         {kInt8ArrayOid, events.bytes()},
                                         {kTimestamptzArrayOid, first.bytes()},
                                         {kTimestamptzArrayOid, last.bytes()}});
}

// Never backwards: several workers measure, in any order.
constexpr char kNoteFreshness[] = R"sql(
  UPDATE read.freshness SET position = greatest(position, $1::int8), instant = greatest(instant, $2::timestamptz)
)sql";

void NoteFreshnessIn(PqConnection& connection, const Freshness& freshness) {
  if (!freshness.instant) return;
  BinaryValues position, instant;
  position.Int8(freshness.position);
  instant.Timestamp(*freshness.instant);
  (void)connection.Execute(kNoteFreshness, {{kInt8Oid, position.last(8)}, {kTimestamptzOid, instant.last(8)}});
}

}  // namespace

PostgresReadModel::PostgresReadModel(std::string connection_string, application::StepObserver observer,
                                     FoldingSettings folding)
    : connection_string_(std::move(connection_string)), observer_(std::move(observer)), folding_(folding) {}

PqConnection& PostgresReadModel::Connected() {
  if (!connection_ || !connection_->IsAlive()) {
    partitions_.clear();  // it may be another server by now
    connection_.emplace(connection_string_);
    interrupt_.Follow(*connection_);
    (void)connection_->Execute("SET statement_timeout = 0");  // a large claim takes what it takes
  }
  return *connection_;
}

void PostgresReadModel::EnsurePartitions(PqConnection& connection, std::span<const StoredBatch> batches) {
  for (const auto& batch : batches) {
    for (const auto& event : batch.events) {
      const auto month = MonthOf(event.created_at);
      if (partitions_.contains(month)) continue;
      CreatePartition(connection, month);
      partitions_.insert(month);
    }
  }
}

domain::Result<domain::Done> PostgresReadModel::Apply(
    std::span<const StoredBatch> batches, const Freshness& freshness,
    const std::function<ReadRows(const std::vector<const StoredBatch*>&)>& project) try {
  auto& connection = Connected();
  try {
    EnsurePartitions(connection, batches);
    const auto fresh = Mark(connection, batches);
    const auto rows = project(fresh);
    const auto names = ApplyRenames(connection, fresh);
    CopyEvents(connection, rows.events, names);
    const auto verdicts = ApplyJudgements(connection, fresh);
    CountChangedDays(connection, fresh, verdicts);
    AddCounts(connection, fresh, verdicts);
    AddUnknown(connection, rows.unknown);
    NoteFreshnessIn(connection, freshness);
    if (observer_) observer_("before read commit");
    connection.Commit("COMMIT");
    return domain::Done{};
  } catch (...) {
    connection.Rollback();
    throw;
  }
} catch (const PqError& error) {
  return ToWorkerError(error);
}

domain::Result<bool> PostgresReadModel::RenameSome() try {
  return RenameRows(Connected(), observer_);
} catch (const PqError& error) {
  return ToWorkerError(error);
}

domain::Result<bool> PostgresReadModel::FoldSome() try {
  return FoldAdditions(Connected(), folding_, observer_);
} catch (const PqError& error) {
  return ToWorkerError(error);
}

domain::Result<domain::Done> PostgresReadModel::NoteFreshness(const Freshness& freshness) try {
  auto& connection = Connected();
  // Nothing is lost with this commit: it need not wait for the disk.
  (void)connection.Execute("BEGIN; SET LOCAL synchronous_commit = off");
  try {
    NoteFreshnessIn(connection, freshness);
    connection.Commit("COMMIT");
    return domain::Done{};
  } catch (...) {
    connection.Rollback();
    throw;
  }
} catch (const PqError& error) {
  return ToWorkerError(error);
}

}  // namespace volcanion::infrastructure
