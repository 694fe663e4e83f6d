#include "Infrastructure/Postgres/CountAdditions.h"

#include "Infrastructure/Postgres/CountCells.h"
#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/QuarterCounts.h"
#include "Infrastructure/Postgres/UserSketch.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::DuplicateCount;
using application::EventCounts;
using application::StoredBatch;
using domain::Verdict;

constexpr char kReadDuplicates[] = R"sql(
  SELECT counts.batch_id, systems.partner_id, counts.partner_system_id, counts.event_name, counts.quarter,
         counts.duplicates
  FROM write.duplicate_counts AS counts
  JOIN write.partner_systems AS systems USING (partner_system_id)
  WHERE counts.batch_id = ANY ($1::int8[])
  ORDER BY counts.batch_id, counts.ordinal
)sql";

struct CellKey {
  domain::PartnerSystemId system;
  Quarter quarter = 0;
  std::string_view event_name;

  bool operator==(const CellKey&) const = default;
};

struct CellHash {
  std::size_t operator()(const CellKey& key) const {
    return (std::hash<domain::PartnerSystemId>()(key.system) * 31 + static_cast<std::size_t>(key.quarter)) * 31 +
           std::hash<std::string_view>()(key.event_name);
  }
};

/// A cell that is being added up.
struct OpenCell {
  domain::PartnerId partner;
  EventCounts counts;
  std::optional<domain::Timestamp> first_at, last_at;
  std::vector<std::uint32_t> users;  // entries of a sketch
};

using OpenCells = std::unordered_map<CellKey, OpenCell, CellHash>;

std::int64_t& CountOf(EventCounts& counts, bool is_valid, bool is_unjudged) {
  switch (domain::StoredOutcome(is_valid, is_unjudged)) {
    case Verdict::Outcome::kValid:
      return counts.valid;
    case Verdict::Outcome::kInvalid:
      return counts.invalid;
    case Verdict::Outcome::kUnjudged:
      break;
  }
  return counts.unjudged;
}

OpenCell& CellOf(OpenCells& cells, domain::PartnerId partner, domain::PartnerSystemId system, domain::Timestamp time,
                 std::string_view event_name) {
  auto& cell = cells[{system, QuarterOf(time), event_name}];
  cell.partner = partner;
  return cell;
}

/// The keys borrow from `batches` and `verdicts`.
OpenCells AddUp(const std::vector<const StoredBatch*>& batches, const std::vector<VerdictChange>& verdicts) {
  OpenCells cells;
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) {
      auto& cell = CellOf(cells, event.partner_id, event.partner_system_id, event.event_timestamp, event.event_name);
      ++CountOf(cell.counts, event.is_valid, event.is_unjudged);
      cell.first_at = std::min(cell.first_at.value_or(event.event_timestamp), event.event_timestamp);
      cell.last_at = std::max(cell.last_at.value_or(event.event_timestamp), event.event_timestamp);
      if (event.user_id) cell.users.push_back(UserEntry(*event.user_id));
    }
    for (const auto& count : batch->duplicates) {
      CellOf(cells, count.partner, count.system, count.quarter, count.event_name).counts.duplicates += count.duplicates;
    }
  }
  for (const auto& change : verdicts) {
    auto& counts = CellOf(cells, change.partner, change.system, change.event_timestamp, change.event_name).counts;
    --CountOf(counts, change.was_valid, change.was_unjudged);
    ++CountOf(counts, change.is_valid, change.is_unjudged);
  }
  return cells;
}

/// What is added for one partner.
struct Addition {
  Day first_day = std::numeric_limits<Day>::max();
  Day last_day = std::numeric_limits<Day>::min();
  std::int32_t cell_count = 0;
  std::string cells;
};

std::map<domain::PartnerId, Addition> ByPartner(OpenCells cells) {
  std::map<domain::PartnerId, Addition> additions;
  std::string users;
  for (auto& [key, cell] : cells) {
    if (cell.counts == EventCounts() && !cell.first_at) continue;  // judged again, as before
    users.clear();
    std::sort(cell.users.begin(), cell.users.end());
    cell.users.erase(std::unique(cell.users.begin(), cell.users.end()), cell.users.end());
    for (const auto entry : cell.users) UserSketch::AppendEntry(entry, users);
    auto& addition = additions[cell.partner];
    const auto day = DayOf(key.quarter);
    addition.first_day = std::min(addition.first_day, day);
    addition.last_day = std::max(addition.last_day, day);
    ++addition.cell_count;
    AppendCell({key.system, key.quarter, key.event_name, cell.counts, cell.first_at, cell.last_at, users},
               addition.cells);
  }
  return additions;
}

constexpr Day kPostgresEpoch = 10'957;  // 2000-01-01, as a day since 1970

// Inserted, as COPY is refused to an owner that row level security binds.
constexpr char kInsertAdditions[] = R"sql(
  INSERT INTO read.count_additions (partner_id, first_day, last_day, cell_count, cells)
  SELECT * FROM unnest($1::uuid[], $2::date[], $3::date[], $4::int4[], $5::bytea[])
)sql";

// Those with the most first.
constexpr char kPartnersToFold[] = R"sql(
  SELECT partner_id FROM read.count_additions
  GROUP BY partner_id
  HAVING count(*) >= $1::int8 OR sum(cell_count) >= $2::int8
  ORDER BY sum(cell_count) DESC
  LIMIT 16
)sql";

// Until the end of the transaction; `false` while another worker folds the same partner's.
constexpr char kTryLock[] = "SELECT pg_try_advisory_xact_lock(7021964, hashtext($1::uuid::text))";

constexpr char kTakeAdditions[] = R"sql(
  SELECT addition_id, cells
  FROM (SELECT addition_id, cells, cell_count, sum(cell_count) OVER (ORDER BY addition_id) AS cells_up_to
        FROM (SELECT addition_id, cells, cell_count FROM read.count_additions
              WHERE partner_id = $1::uuid ORDER BY addition_id LIMIT 5000) AS oldest) AS counted
  WHERE cells_up_to - cell_count < $2::int8 AND (cells_up_to <= $2::int8 OR cells_up_to = cell_count)
  ORDER BY addition_id
)sql";

constexpr char kDeleteAdditions[] =
    "DELETE FROM read.count_additions WHERE partner_id = $1::uuid AND addition_id = ANY ($2::int8[])";

/// In the order of the tables' keys.
struct DayKey {
  domain::PartnerSystemId system;  // or the partner, for all of its systems
  Day day = 0;
  std::string event_name;  // "" for all names

  auto operator<=>(const DayKey&) const = default;
};

struct HourKey {
  domain::PartnerSystemId system;  // or the partner, likewise
  Hour hour = 0;

  auto operator<=>(const HourKey&) const = default;
};

struct DayRow {
  EventCounts counts;
  std::optional<domain::Timestamp> first_at, last_at;
  QuartersOfDay quarters;

  void Widen(const std::optional<domain::Timestamp>& first, const std::optional<domain::Timestamp>& last) {
    if (!first || !last) return;
    first_at = std::min(first_at.value_or(*first), *first);
    last_at = std::max(last_at.value_or(*last), *last);
  }
  DayRow& operator+=(const DayRow& other) {
    counts += other.counts;
    Widen(other.first_at, other.last_at);
    for (const auto& [quarter, of_quarter] : other.quarters) quarters[quarter] += of_quarter;
    return *this;
  }
};

/// What is added to the roll-ups. Users are entries of sketches, one behind the other.
struct Folded {
  std::map<DayKey, DayRow> days;
  std::map<DayKey, std::string> users;
  std::map<HourKey, std::string> users_of_hours;
};

void Fold(std::string_view cells, Folded& folded) {
  ReadCells(cells, [&folded](const CountCell& cell) {
    const DayKey key{cell.system, DayOf(cell.quarter), std::string(cell.event_name)};
    auto& row = folded.days[key];
    row.counts += cell.counts;
    row.Widen(cell.first_at, cell.last_at);
    row.quarters[cell.quarter - key.day * kQuartersOfDay] += cell.counts;
    if (cell.users.empty()) return;
    folded.users[key] += cell.users;
    folded.users_of_hours[{cell.system, HourOf(cell.quarter)}] += cell.users;
  });
}

/// Once for all cells: what was added to a system and a name is also added to all names, and to the whole partner.
template <typename Row>
void AddLevels(domain::PartnerSystemId partner, std::map<DayKey, Row>& rows) {
  std::map<DayKey, Row> coarser;
  for (const auto& [key, row] : rows) {
    coarser[{key.system, key.day, ""}] += row;
    coarser[{partner, key.day, key.event_name}] += row;
    coarser[{partner, key.day, ""}] += row;
  }
  rows.merge(coarser);
}

void AddLevels(domain::PartnerId partner, Folded& folded) {
  const domain::PartnerSystemId all_systems{partner.value};
  AddLevels(all_systems, folded.days);
  AddLevels(all_systems, folded.users);
  std::map<HourKey, std::string> coarser;
  for (const auto& [key, users] : folded.users_of_hours) coarser[{all_systems, key.hour}] += users;
  folded.users_of_hours.merge(coarser);
}

/// The keys of rows, as parameters.
class Keys {
 public:
  template <typename Row>
  explicit Keys(const std::map<DayKey, Row>& rows)
      : systems_(kUuidOid, rows.size()), times_(kDateOid, rows.size()), names_(kTextOid, rows.size()) {
    for (const auto& [key, row] : rows) {
      systems_.Uuid(key.system.value);
      times_.Int4(key.day - kPostgresEpoch);
      names_.Bytes(key.event_name);
    }
    params_ = {{kUuidArrayOid, systems_.bytes()}, {kDateArrayOid, times_.bytes()}, {kTextArrayOid, names_.bytes()}};
  }
  explicit Keys(const std::map<HourKey, std::string>& rows)
      : systems_(kUuidOid, rows.size()), times_(kTimestamptzOid, rows.size()), names_(kTextOid, 0) {
    for (const auto& [key, row] : rows) {
      systems_.Uuid(key.system.value);
      times_.Timestamp(BeginOf(key.hour * kQuartersOfHour));
    }
    params_ = {{kUuidArrayOid, systems_.bytes()}, {kTimestamptzArrayOid, times_.bytes()}};
  }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  const std::vector<PqParam>& params() const { return params_; }

 private:
  BinaryArray systems_, times_, names_;
  std::vector<PqParam> params_;
};

DayKey KeyFrom(const PqResult& result, int row) {
  return {
      {UuidFromBytes(result.bytes(row, 0))}, result.int4(row, 1) + kPostgresEpoch, std::string(result.bytes(row, 2))};
}

std::optional<domain::Timestamp> TimeFrom(const PqResult& result, int row, int column) {
  if (result.is_null(row, column)) return std::nullopt;
  return FromPostgresMicros(result.int8(row, column));
}

constexpr char kReadDays[] = R"sql(
  SELECT counts.partner_system_id, counts.day, counts.event_name, counts.valid, counts.invalid, counts.unjudged,
         counts.duplicates, counts.first_at, counts.last_at, counts.quarters
  FROM unnest($1::uuid[], $2::date[], $3::text[]) AS wanted (system, day, name)
  JOIN read.day_counts AS counts
    ON counts.partner_system_id = wanted.system AND counts.day = wanted.day AND counts.event_name = wanted.name
)sql";

constexpr char kWriteDays[] = R"sql(
  INSERT INTO read.day_counts AS counts (partner_system_id, day, event_name, partner_id, valid, invalid, unjudged,
                                         duplicates, first_at, last_at, quarters)
  SELECT system, day, name, $4::uuid, valid, invalid, unjudged, duplicates, first_at, last_at, quarters
  FROM unnest($1::uuid[], $2::date[], $3::text[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::timestamptz[],
              $10::timestamptz[], $11::bytea[])
    AS new (system, day, name, valid, invalid, unjudged, duplicates, first_at, last_at, quarters)
  ON CONFLICT (partner_system_id, day, event_name)
  DO UPDATE SET valid = excluded.valid, invalid = excluded.invalid, unjudged = excluded.unjudged,
                duplicates = excluded.duplicates, first_at = excluded.first_at, last_at = excluded.last_at,
                quarters = excluded.quarters
)sql";

void FoldDays(PqConnection& connection, domain::PartnerId partner, std::map<DayKey, DayRow>& days) {
  if (days.empty()) return;
  const Keys keys(days);
  const auto known = connection.Execute(kReadDays, keys.params());
  for (int at = 0; at < known.rows(); ++at) {
    auto& row = days.at(KeyFrom(known, at));
    row.counts += {known.int8(at, 3), known.int8(at, 4), known.int8(at, 5), known.int8(at, 6)};
    row.Widen(TimeFrom(known, at, 7), TimeFrom(known, at, 8));
    ReadQuarters(known.bytes(at, 9),
                 [&row](int quarter, const EventCounts& counts) { row.quarters[quarter] += counts; });
  }
  const auto size = days.size();
  BinaryArray valid(kInt8Oid, size), invalid(kInt8Oid, size), unjudged(kInt8Oid, size), duplicates(kInt8Oid, size),
      first(kTimestamptzOid, size), last(kTimestamptzOid, size), quarters(kByteaOid, size);
  for (const auto& [key, row] : days) {
    valid.Int8(row.counts.valid);
    invalid.Int8(row.counts.invalid);
    unjudged.Int8(row.counts.unjudged);
    duplicates.Int8(row.counts.duplicates);
    row.first_at ? first.Timestamp(*row.first_at) : first.Null();
    row.last_at ? last.Timestamp(*row.last_at) : last.Null();
    quarters.Bytes(WriteQuarters(row.quarters));
  }
  auto params = keys.params();
  params.push_back({kUuidOid, BytesOf(partner.value)});
  for (const auto* counts : {&valid, &invalid, &unjudged, &duplicates}) {
    params.push_back({kInt8ArrayOid, counts->bytes()});
  }
  params.push_back({kTimestamptzArrayOid, first.bytes()});
  params.push_back({kTimestamptzArrayOid, last.bytes()});
  params.push_back({kByteaArrayOid, quarters.bytes()});
  (void)connection.Execute(kWriteDays, params);
}

constexpr char kReadSketches[] = R"sql(
  SELECT wanted.place, sketches.sketch
  FROM unnest($1::uuid[], $2::date[], $3::text[]) WITH ORDINALITY AS wanted (system, day, name, place)
  JOIN read.user_sketches AS sketches
    ON sketches.partner_system_id = wanted.system AND sketches.event_name = wanted.name AND sketches.day = wanted.day
)sql";

constexpr char kWriteSketches[] = R"sql(
  INSERT INTO read.user_sketches AS sketches (partner_system_id, day, event_name, partner_id, sketch)
  SELECT system, day, name, $4::uuid, sketch
  FROM unnest($1::uuid[], $2::date[], $3::text[], $5::bytea[]) AS new (system, day, name, sketch)
  WHERE sketch IS NOT NULL
  ON CONFLICT (partner_system_id, event_name, day) DO UPDATE SET sketch = excluded.sketch
)sql";

constexpr char kReadSketchesOfHours[] = R"sql(
  SELECT wanted.place, sketches.sketch
  FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS wanted (system, hour, place)
  JOIN read.hour_user_sketches AS sketches
    ON sketches.partner_system_id = wanted.system AND sketches.hour = wanted.hour
)sql";

constexpr char kWriteSketchesOfHours[] = R"sql(
  INSERT INTO read.hour_user_sketches AS sketches (partner_system_id, hour, partner_id, sketch)
  SELECT system, hour, $3::uuid, sketch
  FROM unnest($1::uuid[], $2::timestamptz[], $4::bytea[]) AS new (system, hour, sketch)
  WHERE sketch IS NOT NULL
  ON CONFLICT (partner_system_id, hour) DO UPDATE SET sketch = excluded.sketch
)sql";

/// Those that do not change are not written.
template <typename Key>
void FoldUsers(PqConnection& connection, domain::PartnerId partner, const std::map<Key, std::string>& users,
               const char* read, const char* write) {
  if (users.empty()) return;
  const Keys keys(users);
  const auto rows = connection.Execute(read, keys.params());
  std::vector<std::string_view> known(users.size());
  for (int row = 0; row < rows.rows(); ++row)
    known.at(static_cast<std::size_t>(rows.int8(row, 0) - 1)) = rows.bytes(row, 1);
  BinaryArray merged(kByteaOid, users.size());
  auto before = known.begin();
  for (const auto& [key, entries] : users) {
    UserSketch sketch;
    sketch.Merge(*before);
    sketch.MergeEntries(entries);
    const auto bytes = sketch.ToBytes();
    bytes == *before ? merged.Null() : merged.Bytes(bytes);
    ++before;
  }
  auto params = keys.params();
  params.push_back({kUuidOid, BytesOf(partner.value)});
  params.push_back({kByteaArrayOid, merged.bytes()});
  (void)connection.Execute(write, params);
}

std::string_view LastInt8(BinaryValues& values, std::int64_t value) {
  values.Int8(value);
  return values.last(8);
}

void FoldPartner(PqConnection& connection, domain::PartnerId partner, const FoldingSettings& settings) {
  const PqParam of_partner{kUuidOid, BytesOf(partner.value)};
  BinaryValues limit;
  const auto taken = connection.Execute(kTakeAdditions, {of_partner, {kInt8Oid, LastInt8(limit, settings.max_cells)}});
  if (taken.rows() == 0) return;
  Folded folded;
  BinaryArray ids(kInt8Oid, static_cast<std::size_t>(taken.rows()));
  for (int row = 0; row < taken.rows(); ++row) {
    ids.Int8(taken.int8(row, 0));
    Fold(taken.bytes(row, 1), folded);
  }
  (void)connection.Execute(kDeleteAdditions, {of_partner, {kInt8ArrayOid, ids.bytes()}});
  AddLevels(partner, folded);
  FoldDays(connection, partner, folded.days);
  FoldUsers(connection, partner, folded.users, kReadSketches, kWriteSketches);
  FoldUsers(connection, partner, folded.users_of_hours, kReadSketchesOfHours, kWriteSketchesOfHours);
}

/// One step, in the transaction that is open.
bool FoldStep(PqConnection& connection, const FoldingSettings& settings) {
  BinaryValues rows, cells;
  const auto partners = connection.Execute(kPartnersToFold, {{kInt8Oid, LastInt8(rows, settings.min_rows)},
                                                             {kInt8Oid, LastInt8(cells, settings.min_cells)}});
  for (int row = 0; row < partners.rows(); ++row) {
    const auto id = partners.bytes(row, 0);
    if (!connection.Execute(kTryLock, {{kUuidOid, id}}).boolean(0, 0)) continue;
    FoldPartner(connection, {UuidFromBytes(id)}, settings);
    return true;
  }
  return false;
}

}  // namespace

void ReadDuplicates(PqConnection& connection, std::vector<StoredBatch>& batches) {
  BinaryArray ids(kInt8Oid, batches.size());
  for (const auto& batch : batches) ids.Int8(batch.IsComplete() ? 0 : batch.id);
  const auto rows = connection.Execute(kReadDuplicates, {{kInt8ArrayOid, ids.bytes()}});
  auto batch = batches.begin();  // both are in the order of batch_id
  for (int row = 0; row < rows.rows(); ++row) {
    while (batch->id != rows.int8(row, 0)) ++batch;
    batch->duplicates.push_back({{UuidFromBytes(rows.bytes(row, 1))},
                                 {UuidFromBytes(rows.bytes(row, 2))},
                                 std::string(rows.bytes(row, 3)),
                                 FromPostgresMicros(rows.int8(row, 4)),
                                 rows.int4(row, 5)});
  }
}

void AddCounts(PqConnection& connection, const std::vector<const StoredBatch*>& batches,
               const std::vector<VerdictChange>& verdicts) {
  const auto additions = ByPartner(AddUp(batches, verdicts));
  if (additions.empty()) return;
  const auto size = additions.size();
  BinaryArray partners(kUuidOid, size), first_days(kDateOid, size), last_days(kDateOid, size), counts(kInt4Oid, size),
      cells(kByteaOid, size);
  for (const auto& [partner, addition] : additions) {
    partners.Uuid(partner.value);
    first_days.Int4(addition.first_day - kPostgresEpoch);
    last_days.Int4(addition.last_day - kPostgresEpoch);
    counts.Int4(addition.cell_count);
    cells.Bytes(addition.cells);
  }
  (void)connection.Execute(kInsertAdditions, {{kUuidArrayOid, partners.bytes()},
                                              {kDateArrayOid, first_days.bytes()},
                                              {kDateArrayOid, last_days.bytes()},
                                              {kInt4ArrayOid, counts.bytes()},
                                              {kByteaArrayOid, cells.bytes()}});
}

bool FoldAdditions(PqConnection& connection, const FoldingSettings& settings,
                   const application::StepObserver& observer) {
  (void)connection.Execute("BEGIN");
  try {
    const bool done_some = FoldStep(connection, settings);
    if (done_some && observer) observer("before fold commit");
    connection.Commit("COMMIT");
    return done_some;
  } catch (...) {
    connection.Rollback();
    throw;
  }
}

}  // namespace volcanion::infrastructure
