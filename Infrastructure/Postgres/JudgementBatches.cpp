#include "Infrastructure/Postgres/JudgementBatches.h"

#include "Infrastructure/Postgres/PqBinary.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::Judgement;
using application::StoredBatch;

/// The newest judgement on an event.
struct Newest {
  std::int64_t batch = 0;
  const Judgement* judgement = nullptr;
};
using NewestByEvent = std::map<domain::TrackingEventId, Newest>;

NewestByEvent FindNewest(const std::vector<const StoredBatch*>& batches) {
  NewestByEvent newest;
  for (const auto* batch : batches) {
    for (const auto& judgement : batch->judgements) {
      auto& known = newest[judgement.event];
      if (batch->id > known.batch) known = {batch->id, &judgement};
    }
  }
  return newest;
}

// The bounds tell the planner which partitions to look into.
constexpr char kLockRows[] = R"sql(
  SELECT events.tracking_event_id, coalesce(events.judged_in, 0), events.partner_id, events.partner_system_id,
         events.event_name, events.event_timestamp, events.is_valid, events.is_unjudged
  FROM unnest($1::uuid[], $2::timestamptz[]) AS judged (id, created_at)
  JOIN read.tracking_events_read_model AS events
    ON events.tracking_event_id = judged.id AND events.created_at = judged.created_at
  WHERE events.created_at BETWEEN $3::timestamptz AND $4::timestamptz
  ORDER BY events.tracking_event_id
  FOR UPDATE OF events
)sql";

constexpr char kSetVerdicts[] = R"sql(
  UPDATE read.tracking_events_read_model AS events
  SET is_valid = judged.is_valid, is_unjudged = judged.is_unjudged, schema_version = judged.schema_version,
      validation_errors = judged.validation_errors, judged_in = judged.batch_id,
      properties_bytes = events.properties_bytes - coalesce(octet_length(events.validation_errors::text), 0) +
                         coalesce(octet_length(judged.validation_errors::text), 0)
  FROM unnest($1::uuid[], $2::timestamptz[], $5::int8[], $6::bool[], $7::bool[], $8::int4[], $9::json[])
    AS judged (id, created_at, batch_id, is_valid, is_unjudged, schema_version, validation_errors)
  WHERE events.tracking_event_id = judged.id AND events.created_at = judged.created_at
    AND events.created_at BETWEEN $3::timestamptz AND $4::timestamptz
)sql";

/// The rows of some judgements, as parameters $1 to $4.
class Places {
 public:
  explicit Places(const std::vector<Newest>& judged)
      : ids_(kUuidOid, judged.size()), times_(kTimestamptzOid, judged.size()) {
    auto first = judged.front().judgement->event_created_at, last = first;
    for (const auto& [batch, judgement] : judged) {
      ids_.Uuid(judgement->event.value);
      times_.Timestamp(judgement->event_created_at);
      first = std::min(first, judgement->event_created_at);
      last = std::max(last, judgement->event_created_at);
    }
    first_.Timestamp(first);
    last_.Timestamp(last);
  }
  std::vector<PqParam> params() const {
    return {{kUuidArrayOid, ids_.bytes()},
            {kTimestamptzArrayOid, times_.bytes()},
            {kTimestamptzOid, first_.last(8)},
            {kTimestamptzOid, last_.last(8)}};
  }

 private:
  BinaryArray ids_, times_;
  BinaryValues first_, last_;
};

void SetVerdicts(PqConnection& connection, const std::vector<Newest>& judged) {
  const auto size = judged.size();
  const Places places(judged);
  BinaryArray batches(kInt8Oid, size), valid(kBoolOid, size), unjudged(kBoolOid, size), versions(kInt4Oid, size),
      errors(kJsonOid, size);
  for (const auto& [batch, judgement] : judged) {
    batches.Int8(batch);
    valid.Boolean(judgement->is_valid);
    unjudged.Boolean(judgement->is_unjudged);
    judgement->schema_version ? versions.Int4(*judgement->schema_version) : versions.Null();
    judgement->validation_errors.empty() ? errors.Null() : errors.Bytes(judgement->validation_errors);
  }
  auto params = places.params();
  params.insert(params.end(), {{kInt8ArrayOid, batches.bytes()},
                               {kBoolArrayOid, valid.bytes()},
                               {kBoolArrayOid, unjudged.bytes()},
                               {kInt4ArrayOid, versions.bytes()},
                               {kJsonArrayOid, errors.bytes()}});
  (void)connection.Execute(kSetVerdicts, params);
}

constexpr char kReadJudgements[] = R"sql(
  SELECT batch_id, tracking_event_id, event_created_at, is_valid, is_unjudged, schema_version, validation_errors
  FROM write.judgements
  WHERE batch_id = ANY ($1::int8[])
  ORDER BY batch_id, ordinal
)sql";

}  // namespace

void ReadJudgements(PqConnection& connection, std::vector<StoredBatch>& batches) {
  BinaryArray ids(kInt8Oid, batches.size());
  for (const auto& batch : batches) ids.Int8(batch.id);
  const auto rows = connection.Execute(kReadJudgements, {{kInt8ArrayOid, ids.bytes()}});
  auto batch = batches.begin();  // both are in the order of batch_id
  for (int row = 0; row < rows.rows(); ++row) {
    while (batch->id != rows.int8(row, 0)) ++batch;
    Judgement judgement{{UuidFromBytes(rows.bytes(row, 1))},
                        FromPostgresMicros(rows.int8(row, 2)),
                        rows.boolean(row, 3),
                        rows.boolean(row, 4),
                        std::nullopt,
                        std::string(rows.bytes(row, 6))};  // empty for null
    if (!rows.is_null(row, 5)) judgement.schema_version = rows.int4(row, 5);
    batch->judgements.push_back(std::move(judgement));
  }
}

std::vector<VerdictChange> ApplyJudgements(PqConnection& connection, const std::vector<const StoredBatch*>& batches) {
  const auto newest = FindNewest(batches);
  if (newest.empty()) return {};
  std::vector<Newest> wanted;
  wanted.reserve(newest.size());
  for (const auto& [event, judged] : newest) wanted.push_back(judged);
  const auto rows = connection.Execute(kLockRows, Places(wanted).params());

  std::vector<VerdictChange> changes;
  std::vector<Newest> newer;  // than what the row has
  for (int row = 0; row < rows.rows(); ++row) {
    const auto& judged = newest.at({UuidFromBytes(rows.bytes(row, 0))});
    if (rows.int8(row, 1) >= judged.batch) continue;
    newer.push_back(judged);
    changes.push_back({{UuidFromBytes(rows.bytes(row, 2))},
                       {UuidFromBytes(rows.bytes(row, 3))},
                       std::string(rows.bytes(row, 4)),
                       FromPostgresMicros(rows.int8(row, 5)),
                       rows.boolean(row, 6),
                       rows.boolean(row, 7),
                       judged.judgement->is_valid,
                       judged.judgement->is_unjudged});
  }
  if (!newer.empty()) SetVerdicts(connection, newer);
  return changes;
}

}  // namespace volcanion::infrastructure
