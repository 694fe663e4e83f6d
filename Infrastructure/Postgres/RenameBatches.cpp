#include "Infrastructure/Postgres/RenameBatches.h"

#include "Infrastructure/Postgres/PqBinary.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::Rename;
using application::StoredBatch;

constexpr char kReadRenames[] = R"sql(
  SELECT batch_id, partner_system_id, partner_name, partner_system_name
  FROM write.renames
  WHERE batch_id = ANY ($1::int8[])
  ORDER BY batch_id, partner_system_id
)sql";

constexpr char kShareLock[] = "SELECT pg_advisory_xact_lock_shared(7021963)";
constexpr char kTakeLock[] = "SELECT pg_advisory_xact_lock(7021963)";

// Sorted: a step of RenameRows() holds one of these rows at a time.
constexpr char kNoteNames[] = R"sql(
  INSERT INTO read.system_names AS names (partner_system_id, partner_name, partner_system_name, batch_id, is_pending)
  SELECT system, partner_name, system_name, batch, true
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int8[]) AS new (system, partner_name, system_name, batch)
  ORDER BY system
  ON CONFLICT (partner_system_id) DO UPDATE
    SET partner_name = excluded.partner_name, partner_system_name = excluded.partner_system_name,
        batch_id = excluded.batch_id, is_pending = true, after_timestamp = NULL, after_id = NULL
    WHERE names.batch_id < excluded.batch_id
)sql";

struct Newest {
  std::int64_t batch = 0;
  const Rename* rename = nullptr;
};

void NoteNames(PqConnection& connection, const std::map<domain::PartnerSystemId, Newest>& newest) {
  const auto size = newest.size();
  BinaryArray systems(kUuidOid, size), partner_names(kTextOid, size), names(kTextOid, size), batches(kInt8Oid, size);
  for (const auto& [system, named] : newest) {
    systems.Uuid(system.value);
    partner_names.Bytes(named.rename->partner_name);
    names.Bytes(named.rename->system_name);
    batches.Int8(named.batch);
  }
  (void)connection.Execute(kNoteNames, {{kUuidArrayOid, systems.bytes()},
                                        {kTextArrayOid, partner_names.bytes()},
                                        {kTextArrayOid, names.bytes()},
                                        {kInt8ArrayOid, batches.bytes()}});
}

constexpr char kNames[] = R"sql(
  SELECT partner_system_id, partner_name, partner_system_name
  FROM read.system_names
  WHERE partner_system_id = ANY ($1::uuid[])
)sql";

// Of one system at a time, which no other worker has.
constexpr char kTakePending[] = R"sql(
  SELECT partner_system_id, coalesce(after_timestamp, '-infinity'), coalesce(after_id, '00000000-0000-0000-0000-000000000000'),
         partner_name, partner_system_name
  FROM read.system_names
  WHERE is_pending
  ORDER BY partner_system_id
  LIMIT 1
  FOR UPDATE SKIP LOCKED
)sql";

constexpr std::int32_t kRowsOfStep = 2'000;

// In the order of the ids, as judgements lock theirs. Those that have the names are looked at and left alone.
constexpr char kPage[] = R"sql(
  WITH page AS MATERIALIZED (
    SELECT tracking_event_id, created_at, event_timestamp
    FROM read.tracking_events_read_model
    WHERE partner_system_id = $1::uuid AND (event_timestamp, tracking_event_id) > ($2::timestamptz, $3::uuid)
    ORDER BY event_timestamp, tracking_event_id
    LIMIT $4::int4
  ), bounds AS (
    SELECT count(*) AS rows, min(created_at) AS first, max(created_at) AS last FROM page
  ), place AS (
    SELECT event_timestamp, tracking_event_id FROM page ORDER BY event_timestamp DESC, tracking_event_id DESC LIMIT 1
  )
  SELECT rows, first, last, event_timestamp, tracking_event_id,
         ARRAY(SELECT tracking_event_id FROM page ORDER BY tracking_event_id),
         ARRAY(SELECT created_at FROM page ORDER BY tracking_event_id)
  FROM bounds LEFT JOIN place ON true
)sql";

constexpr char kRenameRows[] = R"sql(
  WITH locked AS MATERIALIZED (
    SELECT events.tracking_event_id, events.created_at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS page (id, created_at)
    JOIN read.tracking_events_read_model AS events
      ON events.tracking_event_id = page.id AND events.created_at = page.created_at
    WHERE events.created_at BETWEEN $3::timestamptz AND $4::timestamptz
      AND (events.partner_name, events.partner_system_name) IS DISTINCT FROM ($5::text, $6::text)
    ORDER BY events.tracking_event_id
    FOR NO KEY UPDATE OF events
  ), renamed AS (
    UPDATE read.tracking_events_read_model AS events
    SET partner_name = $5::text, partner_system_name = $6::text
    FROM locked
    WHERE events.tracking_event_id = locked.tracking_event_id AND events.created_at = locked.created_at
      AND events.created_at BETWEEN $3::timestamptz AND $4::timestamptz
    RETURNING events.partner_id, events.event_timestamp
  )
  INSERT INTO read.changed_days AS known (partner_id, day, changes)
  SELECT DISTINCT partner_id, (event_timestamp AT TIME ZONE 'UTC')::date, 1 FROM renamed ORDER BY 1, 2
  ON CONFLICT (partner_id, day) DO UPDATE SET changes = known.changes + excluded.changes
)sql";

constexpr char kNotePlace[] = R"sql(
  UPDATE read.system_names
  SET is_pending = $2::bool, after_timestamp = $3::timestamptz, after_id = $4::uuid
  WHERE partner_system_id = $1::uuid
)sql";

/// One step, in the transaction that is open. False when nothing is pending, or others are at it.
bool RenamePage(PqConnection& connection) {
  const auto taken = connection.Execute(kTakePending, {});
  if (taken.rows() == 0) return false;
  const PqParam system{kUuidOid, taken.bytes(0, 0)};
  BinaryValues limit;
  limit.Int4(kRowsOfStep);
  const auto page = connection.Execute(
      kPage, {system, {kTimestamptzOid, taken.bytes(0, 1)}, {kUuidOid, taken.bytes(0, 2)}, {kInt4Oid, limit.last(4)}});
  const auto rows = page.int8(0, 0);
  if (rows > 0) {
    (void)connection.Execute(kRenameRows, {{kUuidArrayOid, page.bytes(0, 5)},
                                           {kTimestamptzArrayOid, page.bytes(0, 6)},
                                           {kTimestamptzOid, page.bytes(0, 1)},
                                           {kTimestamptzOid, page.bytes(0, 2)},
                                           {kTextOid, taken.bytes(0, 3)},
                                           {kTextOid, taken.bytes(0, 4)}});
  }
  BinaryValues is_pending;
  is_pending.Boolean(rows == kRowsOfStep);
  const auto& place = rows > 0 ? page : taken;
  const int timestamp = rows > 0 ? 3 : 1;
  (void)connection.Execute(kNotePlace, {system,
                                        {kBoolOid, is_pending.last(1)},
                                        {kTimestamptzOid, place.bytes(0, timestamp)},
                                        {kUuidOid, place.bytes(0, timestamp + 1)}});
  return true;
}

}  // namespace

void ReadRenames(PqConnection& connection, std::vector<StoredBatch>& batches) {
  BinaryArray ids(kInt8Oid, batches.size());
  for (const auto& batch : batches) ids.Int8(batch.IsComplete() ? 0 : batch.id);
  const auto rows = connection.Execute(kReadRenames, {{kInt8ArrayOid, ids.bytes()}});
  auto batch = batches.begin();  // both are in the order of batch_id
  for (int row = 0; row < rows.rows(); ++row) {
    while (batch->id != rows.int8(row, 0)) ++batch;
    batch->renames.push_back(
        {{UuidFromBytes(rows.bytes(row, 1))}, std::string(rows.bytes(row, 2)), std::string(rows.bytes(row, 3))});
  }
}

NamesBySystem ApplyRenames(PqConnection& connection, const std::vector<const StoredBatch*>& batches) {
  std::map<domain::PartnerSystemId, Newest> newest;
  std::set<domain::PartnerSystemId> systems;
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) systems.insert(event.partner_system_id);
    for (const auto& rename : batch->renames) {
      auto& known = newest[rename.system];
      if (batch->id > known.batch) known = {batch->id, &rename};
    }
  }
  if (systems.empty() && newest.empty()) return {};
  (void)connection.Execute(newest.empty() ? kShareLock : kTakeLock, {});
  if (!newest.empty()) NoteNames(connection, newest);
  NamesBySystem names;
  if (systems.empty()) return names;
  BinaryArray ids(kUuidOid, systems.size());
  for (const auto& system : systems) ids.Uuid(system.value);
  const auto rows = connection.Execute(kNames, {{kUuidArrayOid, ids.bytes()}});
  for (int row = 0; row < rows.rows(); ++row) {
    names[{UuidFromBytes(rows.bytes(row, 0))}] = {std::string(rows.bytes(row, 1)), std::string(rows.bytes(row, 2))};
  }
  return names;
}

bool RenameRows(PqConnection& connection, const application::StepObserver& observer) {
  (void)connection.Execute("BEGIN");
  try {
    const bool done_some = RenamePage(connection);
    if (done_some && observer) observer("before rename commit");
    connection.Commit("COMMIT");
    return done_some;
  } catch (...) {
    connection.Rollback();
    throw;
  }
}

}  // namespace volcanion::infrastructure
