#include "Infrastructure/Postgres/JudgementWriter.h"

#include "Infrastructure/Postgres/EventJson.h"
#include "Infrastructure/Postgres/PqBinary.h"

#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {
namespace {

using application::Rejudged;

/// A verdict that differs from the one that stands on the event in this place.
struct Change {
  std::int64_t event_batch;
  std::int32_t event_ordinal;
  const Rejudged* verdict;
  std::string errors;  // empty for none
};

std::string ErrorsOf(const Rejudged& verdict) {
  return verdict.verdict.violations.empty() ? std::string() : ViolationsToJson(verdict.verdict.violations);
}

constexpr char kLockEvents[] = R"sql(
  SELECT wanted.at, events.batch_id, events.ordinal, events.is_valid, events.is_unjudged, events.schema_version,
         events.validation_errors
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int4[]) AS wanted (system, id, tracking_event_id, at)
  JOIN write.event_keys AS keys ON keys.partner_system_id = wanted.system AND keys.event_id = wanted.id
  JOIN write.tracking_events AS events ON events.batch_id = keys.batch_id AND events.ordinal = keys.ordinal
                                      AND events.tracking_event_id = wanted.tracking_event_id
  ORDER BY events.batch_id, events.ordinal
  FOR UPDATE OF events
)sql";

/// Locks all of the events.
std::vector<Change> FindChanges(PqConnection& connection, std::span<const Rejudged> verdicts) {
  const auto size = verdicts.size();
  BinaryArray systems(kUuidOid, size), ids(kTextOid, size), events(kUuidOid, size), places(kInt4Oid, size);
  std::int32_t at = 0;
  for (const auto& verdict : verdicts) {
    systems.Uuid(verdict.system.value);
    ids.Bytes(verdict.event_id);
    events.Uuid(verdict.tracking_event_id.value);
    places.Int4(at++);
  }
  const auto rows = connection.Execute(kLockEvents, {{kUuidArrayOid, systems.bytes()},
                                                     {kTextArrayOid, ids.bytes()},
                                                     {kUuidArrayOid, events.bytes()},
                                                     {kInt4ArrayOid, places.bytes()}});
  std::vector<Change> changes;
  for (int row = 0; row < rows.rows(); ++row) {
    const auto& verdict = verdicts[static_cast<std::size_t>(rows.int4(row, 0))];
    auto errors = ErrorsOf(verdict);
    const auto& version = verdict.schema_version;
    const bool same_version = rows.is_null(row, 5) ? !version.has_value() : version == rows.int4(row, 5);
    const auto outcome = domain::StoredOutcome(rows.boolean(row, 3), rows.boolean(row, 4));
    const bool stands = outcome == verdict.verdict.outcome && same_version && rows.bytes(row, 6) == errors;
    if (!stands) changes.push_back({rows.int8(row, 1), rows.int4(row, 2), &verdict, std::move(errors)});
  }
  return changes;
}

// One picture for all of it: the history takes the verdict as it was before the update. The transaction has its number
// already, as it holds locks.
constexpr char kJudge[] = R"sql(
  WITH batch AS MATERIALIZED (SELECT nextval('write.batch_ids') AS id),
  new AS MATERIALIZED (
    SELECT * FROM unnest($2::int8[], $3::int4[], $4::bool[], $5::bool[], $6::int4[], $7::json[])
      AS changed (batch_id, ordinal, is_valid, is_unjudged, schema_version, validation_errors)
  ), history AS (
    INSERT INTO write.judgements (batch_id, ordinal, job_id, tracking_event_id, event_created_at, was_valid, was_unjudged,
      was_schema_version, was_validation_errors, is_valid, is_unjudged, schema_version, validation_errors)
    SELECT batch.id, row_number() OVER (ORDER BY events.tracking_event_id) - 1, $1::uuid, events.tracking_event_id,
           events.created_at, events.is_valid, events.is_unjudged, events.schema_version, events.validation_errors,
           new.is_valid, new.is_unjudged, new.schema_version, new.validation_errors
    FROM new JOIN write.tracking_events AS events USING (batch_id, ordinal), batch
  ), ledger AS (
    INSERT INTO write.batches (batch_id, kind, event_count, judgement_count, byte_count)
    SELECT id, 'judgement', 0, $8::int4, $9::int8 FROM batch
  ), queued AS (
    INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT id, $8::int4, $9::int8 FROM batch
  )
  UPDATE write.tracking_events AS events
  SET is_valid = new.is_valid, is_unjudged = new.is_unjudged, schema_version = new.schema_version,
      validation_errors = new.validation_errors, judged_in = batch.id
  FROM new, batch
  WHERE events.batch_id = new.batch_id AND events.ordinal = new.ordinal
)sql";

}  // namespace

std::int64_t ChangeVerdicts(PqConnection& connection, application::JobId job, std::span<const Rejudged> verdicts) {
  if (verdicts.empty()) return 0;
  const auto changes = FindChanges(connection, verdicts);
  if (changes.empty()) return 0;
  constexpr std::int64_t kBytesBesideErrors = 100;
  const auto size = changes.size();
  BinaryArray batches(kInt8Oid, size), ordinals(kInt4Oid, size), valid(kBoolOid, size), unjudged(kBoolOid, size),
      versions(kInt4Oid, size), errors(kJsonOid, size);
  std::int64_t byte_count = 0;
  for (const auto& change : changes) {
    batches.Int8(change.event_batch);
    ordinals.Int4(change.event_ordinal);
    valid.Boolean(change.verdict->verdict.is_valid());
    unjudged.Boolean(change.verdict->verdict.outcome == domain::Verdict::Outcome::kUnjudged);
    change.verdict->schema_version ? versions.Int4(*change.verdict->schema_version) : versions.Null();
    change.errors.empty() ? errors.Null() : errors.Bytes(change.errors);
    byte_count += kBytesBesideErrors + static_cast<std::int64_t>(change.errors.size());
  }
  BinaryValues job_id, count, bytes;
  job_id.Uuid(job.value);
  count.Int4(static_cast<std::int32_t>(size));
  bytes.Int8(byte_count);
  (void)connection.Execute(kJudge, {{kUuidOid, job_id.last(16)},
                                    {kInt8ArrayOid, batches.bytes()},
                                    {kInt4ArrayOid, ordinals.bytes()},
                                    {kBoolArrayOid, valid.bytes()},
                                    {kBoolArrayOid, unjudged.bytes()},
                                    {kInt4ArrayOid, versions.bytes()},
                                    {kJsonArrayOid, errors.bytes()},
                                    {kInt4Oid, count.last(4)},
                                    {kInt8Oid, bytes.last(8)}});
  return static_cast<std::int64_t>(size);
}

}  // namespace volcanion::infrastructure
