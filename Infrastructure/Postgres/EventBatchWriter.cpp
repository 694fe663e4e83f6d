#include "Infrastructure/Postgres/EventBatchWriter.h"

#include "Infrastructure/Postgres/ContentHash.h"
#include "Infrastructure/Postgres/CountCells.h"
#include "Infrastructure/Postgres/EventJson.h"
#include "Infrastructure/Postgres/PqBinary.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace volcanion::infrastructure {
namespace {

using application::AppendResult;
using application::RejectedPayload;
using domain::TrackingEvent;

/// An event of the group, and what is known of it so far.
struct Entry {
  Entry(const EventToWrite& to_write, int arrived_as)
      : item(&to_write), hash(to_write.event->report()), ordinal(arrived_as) {}

  const EventToWrite* item;
  ContentHash hash;
  int ordinal;               // in the order of arrival
  int twin_of = -1;          // index of the entry with the same key that comes before it in this group
  bool is_new = false;       // its key was not there
  std::string earlier_hash;  // of what was stored under its key before, when it is not new
  AppendResult result = {};

  const TrackingEvent& event() const { return *item->event; }
  std::string_view stored_hash() const { return is_new ? hash.bytes() : std::string_view(earlier_hash); }
  AppendResult::Status StatusAgainst(std::string_view stored) const {
    return hash.bytes() == stored ? AppendResult::Status::kDuplicate : AppendResult::Status::kConflict;
  }
  void NoteNew(std::int64_t batch) {
    is_new = true;
    result = {AppendResult::Status::kStored, batch, event().verdict(), event().judged_by()};
  }
};

/// Sorted by key, first arrival first; repetitions within the group know their twin.
std::vector<Entry> SortedByKey(const std::vector<EventToWrite>& events) {
  const auto key = [&events](int at) {
    const auto& event = *events[static_cast<std::size_t>(at)].event;
    return std::tuple(event.system(), std::string_view(event.event_id()));
  };
  std::vector<int> order(events.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&key](int one, int other) {
    const auto compared = key(one) <=> key(other);
    return compared == 0 ? one < other : compared < 0;
  });
  std::vector<Entry> entries;
  entries.reserve(events.size());
  for (const auto at : order) {
    entries.emplace_back(events[static_cast<std::size_t>(at)], at);
    const auto i = entries.size() - 1;
    if (i == 0 || key(order[i - 1]) != key(at)) continue;
    entries[i].twin_of = entries[i - 1].twin_of >= 0 ? entries[i - 1].twin_of : static_cast<int>(i - 1);
  }
  return entries;
}

std::size_t CountFirsts(const std::vector<Entry>& entries) {
  return static_cast<std::size_t>(std::ranges::count_if(entries, [](const Entry& entry) { return entry.twin_of < 0; }));
}

constexpr char kCopyEvents[] =
    "COPY write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name, "
    "event_timestamp, user_id, anonymous_id, is_valid, schema_version, validation_errors, properties, correlation_id, "
    "traceparent, created_at, is_unjudged) FROM STDIN (FORMAT binary)";

// Planned once for each connection: parsing and planning was a fifth of a commit of a few events.
//
// The transaction gets its number before the batch does: whoever sees no older transaction running knows that no lower
// batch is still to come.
constexpr char kPrepare[] = R"sql(
  PREPARE next_batch AS SELECT nextval('write.batch_ids') FROM pg_current_xact_id();
  PREPARE add_batch (bigint, integer, bigint) AS
    WITH ledger AS (INSERT INTO write.batches (batch_id, event_count, byte_count) VALUES ($1, $2, $3))
    INSERT INTO write.outbox (batch_id, event_count, byte_count) VALUES ($1, $2, $3)
)sql";

constexpr char kCopyKeys[] =
    "BEGIN; EXECUTE next_batch; "
    "COPY write.event_keys (partner_system_id, event_id, content_hash, batch_id, ordinal) FROM STDIN (FORMAT binary)";
constexpr char kUniqueViolation[] = "23505";

/// An empty stream, in memory that the committer's thread uses again: memory that is new for each group costs more than
/// what is written into it.
BinaryCopy& FreshRows() {
  static thread_local BinaryCopy rows;
  rows.Begin();
  return rows;
}

/// Begins the transaction and copies the keys in, as if none were there; the batch's number, and the COPY of the events
/// waits for them. Nothing when a key is there: the transaction is rolled back.
std::optional<std::int64_t> CopyKeys(PqConnection& connection, std::vector<Entry>& entries) {
  static const std::string kBothCopies = std::string(kCopyKeys) + "; " + kCopyEvents;
  const auto begun = connection.ExecuteToCopy(kBothCopies.c_str());
  const std::int64_t batch = std::stoll(std::string(begun.bytes(0, 0)));
  auto& rows = FreshRows();
  for (const auto& entry : entries) {
    if (entry.twin_of >= 0) continue;
    rows.Row(5);
    rows.Uuid(entry.event().system().value);
    rows.Bytes(entry.event().event_id());
    rows.Bytes(entry.hash.bytes());
    rows.Int8(batch);
    rows.Int4(entry.ordinal);
  }
  try {
    connection.CopyNext(rows.Finish());
  } catch (const PqError& error) {
    if (error.sqlstate() != kUniqueViolation) throw;
    connection.Rollback();
    return std::nullopt;
  }
  for (auto& entry : entries) {
    if (entry.twin_of < 0) entry.NoteNew(batch);
  }
  return batch;
}

// The number of the batch: as above.
constexpr char kInsertKeys[] = R"sql(
  INSERT INTO write.event_keys (partner_system_id, event_id, content_hash, batch_id, ordinal)
  SELECT system, id, hash, (SELECT nextval('write.batch_ids') FROM pg_current_xact_id()), ordinal
  FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::int4[]) AS new (system, id, hash, ordinal)
  ON CONFLICT DO NOTHING
  RETURNING batch_id, ordinal
)sql";

/// Begins the transaction and inserts the keys that are not there. The batch's number; 0 when no event is new.
std::int64_t InsertKeys(PqConnection& connection, std::vector<Entry>& entries) {
  const auto firsts = CountFirsts(entries);
  BinaryArray systems(kUuidOid, firsts), ids(kTextOid, firsts), hashes(kByteaOid, firsts), ordinals(kInt4Oid, firsts);
  std::vector<Entry*> by_ordinal(entries.size());
  for (auto& entry : entries) {
    by_ordinal[static_cast<std::size_t>(entry.ordinal)] = &entry;
    if (entry.twin_of >= 0) continue;
    systems.Uuid(entry.event().system().value);
    ids.Bytes(entry.event().event_id());
    hashes.Bytes(entry.hash.bytes());
    ordinals.Int4(entry.ordinal);
  }
  const auto result = connection.BeginWith(kInsertKeys, {{kUuidArrayOid, systems.bytes()},
                                                         {kTextArrayOid, ids.bytes()},
                                                         {kByteaArrayOid, hashes.bytes()},
                                                         {kInt4ArrayOid, ordinals.bytes()}});
  for (int row = 0; row < result.rows(); ++row) {
    by_ordinal[static_cast<std::size_t>(result.int4(row, 1))]->NoteNew(result.int8(row, 0));
  }
  return result.rows() == 0 ? 0 : result.int8(0, 0);
}

struct Claim {
  std::int64_t batch = 0;         // 0 when no event is new
  bool waits_for_events = false;  // the COPY of the events is under way
};

/// Begins the transaction and puts in the keys that are new.
Claim ClaimKeys(PqConnection& connection, KeyForecast& forecast, std::vector<Entry>& entries) {
  if (forecast.ExpectsNew()) {
    const auto batch = CopyKeys(connection, entries);
    forecast.Note(batch.has_value());
    if (batch) return {*batch, true};
  }
  const Claim claim{InsertKeys(connection, entries)};
  forecast.Note(std::ranges::all_of(entries, [](const Entry& entry) { return entry.is_new || entry.twin_of >= 0; }));
  return claim;
}

// A statement of its own: it sees what the writers we waited for have committed, which the INSERT's snapshot does not.
// The verdict is the first one, also of an event that was judged again since.
constexpr char kFindFirsts[] = R"sql(
  SELECT wanted.at, keys.content_hash, keys.batch_id,
         CASE WHEN first.batch_id IS NULL THEN events.is_valid ELSE first.was_valid END,
         CASE WHEN first.batch_id IS NULL THEN events.schema_version ELSE first.was_schema_version END,
         CASE WHEN first.batch_id IS NULL THEN events.validation_errors ELSE first.was_validation_errors END,
         CASE WHEN first.batch_id IS NULL THEN events.is_unjudged ELSE first.was_unjudged END
  FROM unnest($1::uuid[], $2::text[], $3::int4[]) AS wanted (system, id, at)
  JOIN write.event_keys AS keys ON keys.partner_system_id = wanted.system AND keys.event_id = wanted.id
  JOIN write.tracking_events AS events ON events.batch_id = keys.batch_id AND events.ordinal = keys.ordinal
  LEFT JOIN LATERAL (
    SELECT batch_id, was_valid, was_unjudged, was_schema_version, was_validation_errors FROM write.judgements
    WHERE events.judged_in IS NOT NULL AND judgements.tracking_event_id = events.tracking_event_id
    ORDER BY batch_id LIMIT 1) AS first ON true
)sql";

/// Fills the results of the events whose keys were there before this transaction.
void FindFirsts(PqConnection& connection, std::vector<Entry>& entries) {
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].is_new && entries[i].twin_of < 0) wanted.push_back(i);
  }
  if (wanted.empty()) return;
  BinaryArray systems(kUuidOid, wanted.size()), ids(kTextOid, wanted.size()), places(kInt4Oid, wanted.size());
  for (const auto at : wanted) {
    systems.Uuid(entries[at].event().system().value);
    ids.Bytes(entries[at].event().event_id());
    places.Int4(static_cast<std::int32_t>(at));
  }
  const auto result = connection.Execute(
      kFindFirsts, {{kUuidArrayOid, systems.bytes()}, {kTextArrayOid, ids.bytes()}, {kInt4ArrayOid, places.bytes()}});
  if (result.rows() != static_cast<int>(wanted.size())) {
    throw PqError("", false, "an event key has no event");
  }
  for (int row = 0; row < result.rows(); ++row) {
    auto& entry = entries[static_cast<std::size_t>(result.int4(row, 0))];
    entry.earlier_hash = result.bytes(row, 1);
    entry.result.status = entry.StatusAgainst(entry.stored_hash());
    entry.result.position = result.int8(row, 2);
    entry.result.verdict.outcome = domain::StoredOutcome(result.boolean(row, 3), result.boolean(row, 6));
    if (!result.is_null(row, 4)) entry.result.judged_by = result.int4(row, 4);
    if (!result.is_null(row, 5)) entry.result.verdict.violations = ViolationsFromJson(result.bytes(row, 5));
  }
}

/// A repetition within the group is held against what is stored under its key, as its twin was.
void AnswerTwins(std::vector<Entry>& entries) {
  for (auto& entry : entries) {
    if (entry.twin_of < 0) continue;
    const auto& twin = entries[static_cast<std::size_t>(entry.twin_of)];
    entry.result = twin.result;
    entry.result.status = entry.StatusAgainst(twin.stored_hash());
  }
}

struct Written {
  std::size_t events = 0;
  std::size_t bytes = 0;
};

/// Makes the rows of the new events.
Written AddEvents(const std::vector<Entry>& entries, std::int64_t batch, BinaryCopy& rows) {
  Written written;
  const auto optional_text = [&rows](const std::optional<std::string>& text) {
    text ? rows.Bytes(*text) : rows.Null();
  };
  for (const auto& entry : entries) {
    if (!entry.is_new) continue;
    const auto& event = entry.event();
    const auto& report = event.report();
    const auto& verdict = event.verdict();
    rows.Row(17);
    rows.Int8(batch);
    rows.Int4(entry.ordinal);
    rows.Uuid(event.id().value);
    rows.Uuid(event.system().value);
    rows.Bytes(event.event_id());
    rows.Bytes(report.event_name);
    rows.Timestamp(event.event_timestamp());
    optional_text(report.user_id);
    optional_text(report.anonymous_id);
    rows.Boolean(verdict.is_valid());
    event.judged_by() ? rows.Int4(*event.judged_by()) : rows.Null();
    verdict.violations.empty() ? rows.Null() : rows.Bytes(ViolationsToJson(verdict.violations));
    rows.Bytes(report.properties());
    rows.Bytes(event.correlation_id());
    event.traceparent().empty() ? rows.Null() : rows.Bytes(event.traceparent());
    rows.Timestamp(event.received_at());
    rows.Boolean(verdict.outcome == domain::Verdict::Outcome::kUnjudged);
    ++written.events;
  }
  written.bytes = rows.Finish().size();
  return written;
}

constexpr char kInsertRejected[] = R"sql(
  INSERT INTO write.rejected_payloads (partner_system_id, api_key_id, correlation_id, reasons, body, received_at)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::json[], $5::bytea[], $6::timestamptz[])
)sql";

void InsertRejected(PqConnection& connection, const std::vector<RejectedToWrite>& rejected) {
  if (rejected.empty()) return;
  const auto size = rejected.size();
  BinaryArray systems(kUuidOid, size), keys(kUuidOid, size), correlations(kTextOid, size), reasons(kJsonOid, size),
      bodies(kByteaOid, size), times(kTimestamptzOid, size);
  for (const auto& item : rejected) {
    systems.Uuid(item.payload->system.value);
    keys.Uuid(item.key.value);
    correlations.Bytes(item.payload->correlation_id);
    reasons.Bytes(FaultsToJson(item.payload->faults));
    bodies.Bytes(item.payload->body);
    times.Timestamp(item.payload->received_at);
  }
  (void)connection.Execute(kInsertRejected, {{kUuidArrayOid, systems.bytes()},
                                             {kUuidArrayOid, keys.bytes()},
                                             {kTextArrayOid, correlations.bytes()},
                                             {kJsonArrayOid, reasons.bytes()},
                                             {kByteaArrayOid, bodies.bytes()},
                                             {kTimestamptzArrayOid, times.bytes()}});
}

/// The conflicting contents, as payloads to keep.
std::vector<RejectedPayload> ConflictsOf(const std::vector<Entry>& entries, std::vector<domain::ApiKeyId>& keys) {
  std::vector<RejectedPayload> payloads;
  for (const auto& entry : entries) {
    if (entry.result.status != AppendResult::Status::kConflict) continue;
    const auto& event = entry.event();
    payloads.push_back({event.system(),
                        event.correlation_id(),
                        event.received_at(),
                        event.report().raw,
                        {{"/eventId", "conflict", "another content is stored under this id"}}});
    keys.push_back(entry.item->key);
  }
  return payloads;
}

// The number of the batch: as above. It comes after the keys, and so after what those waited for.
constexpr char kCountDuplicates[] = R"sql(
  WITH batch AS MATERIALIZED (
    SELECT nextval('write.batch_ids') AS batch_id, cardinality($1::uuid[]) AS counts FROM pg_current_xact_id()
  ), counted AS (
    INSERT INTO write.duplicate_counts (batch_id, ordinal, partner_system_id, event_name, quarter, duplicates)
    SELECT batch_id, ordinal, system, event_name, quarter, duplicates
    FROM batch, unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int4[])
                  WITH ORDINALITY AS new (system, event_name, quarter, duplicates, ordinal)
  ), ledger AS (
    INSERT INTO write.batches (batch_id, kind, event_count, duplicate_count, byte_count)
    SELECT batch_id, 'duplicates', 0, counts, 0 FROM batch
  )
  INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, counts, 0 FROM batch
)sql";

/// Counts the events that were sent again, as a batch of their own; nothing when there are none.
void CountDuplicates(PqConnection& connection, const std::vector<Entry>& entries) {
  std::map<std::tuple<domain::PartnerSystemId, std::string_view, Quarter>, std::int32_t> counts;
  for (const auto& entry : entries) {
    if (entry.result.status != AppendResult::Status::kDuplicate) continue;
    const auto& event = entry.event();
    ++counts[{event.system(), event.report().event_name, QuarterOf(event.event_timestamp())}];
  }
  if (counts.empty()) return;
  BinaryArray systems(kUuidOid, counts.size()), names(kTextOid, counts.size()),
      quarters(kTimestamptzOid, counts.size()), duplicates(kInt4Oid, counts.size());
  for (const auto& [kind, count] : counts) {
    const auto& [system, name, quarter] = kind;
    systems.Uuid(system.value);
    names.Bytes(name);
    quarters.Timestamp(BeginOf(quarter));
    duplicates.Int4(count);
  }
  (void)connection.Execute(kCountDuplicates, {{kUuidArrayOid, systems.bytes()},
                                              {kTextArrayOid, names.bytes()},
                                              {kTimestamptzArrayOid, quarters.bytes()},
                                              {kInt4ArrayOid, duplicates.bytes()}});
}

}  // namespace

std::size_t EventBatchWriter::Write(const std::vector<EventToWrite>& events,
                                    const std::vector<RejectedToWrite>& rejected) {
  connection_.Prepare(kPrepare);
  auto entries = SortedByKey(events);
  Written written;
  std::string finish;
  if (entries.empty()) {
    (void)connection_.Execute("BEGIN");
  } else {
    const auto [batch, waits_for_events] = ClaimKeys(connection_, forecast_, entries);
    FindFirsts(connection_, entries);
    AnswerTwins(entries);
    if (batch != 0) {
      auto& rows = FreshRows();
      written = AddEvents(entries, batch, rows);
      if (!waits_for_events) (void)connection_.ExecuteToCopy(kCopyEvents);
      connection_.CopyNext(rows.bytes());
      const auto id = std::to_string(batch);
      const auto bytes = std::to_string(written.bytes);
      finish = "EXECUTE add_batch (" + id + ", " + std::to_string(written.events) + ", " + bytes + "); ";
    }
  }
  std::vector<domain::ApiKeyId> conflict_keys;
  const auto conflicts = ConflictsOf(entries, conflict_keys);
  auto kept = rejected;
  for (std::size_t i = 0; i < conflicts.size(); ++i) kept.push_back({&conflicts[i], conflict_keys[i]});
  InsertRejected(connection_, kept);
  CountDuplicates(connection_, entries);
  connection_.Commit((finish + "COMMIT").c_str());
  for (auto& entry : entries) *entry.item->result = std::move(entry.result);
  return written.events;
}

}  // namespace volcanion::infrastructure
