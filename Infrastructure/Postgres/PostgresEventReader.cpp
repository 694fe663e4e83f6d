#include "Infrastructure/Postgres/PostgresEventReader.h"

#include "Domain/Timestamp.h"
#include "Infrastructure/Postgres/EventFilters.h"
#include "Infrastructure/Postgres/RolledCounts.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <algorithm>
#include <chrono>
#include <iterator>

namespace volcanion::infrastructure {
namespace {

using application::EventFound;
using application::EventKey;
using application::EventPage;
using application::EventQuery;
using application::EventRow;
using application::Freshness;
using domain::Result;

constexpr const char* kNoErrors = "[]";

/// The columns of EventRow, fetched in the order of the members below.
constexpr std::string_view kEventColumns = R"(
         tracking_event_id::text, partner_id::text, partner_name, partner_system_id::text, partner_system_name, event_id,
         event_name, (extract(epoch FROM event_timestamp) * 1000000)::bigint, user_id, anonymous_id, is_valid::int,
         schema_version, validation_errors::text, properties::text, correlation_id,
         (extract(epoch FROM created_at) * 1000000)::bigint, batch_id, is_unjudged::int)";

class EventColumns {
 public:
  explicit EventColumns(soci::statement& statement) {
    statement.exchange(soci::into(tracking_event_id_));
    statement.exchange(soci::into(partner_id_));
    statement.exchange(soci::into(partner_name_));
    statement.exchange(soci::into(partner_system_id_));
    statement.exchange(soci::into(partner_system_name_));
    statement.exchange(soci::into(event_id_));
    statement.exchange(soci::into(event_name_));
    statement.exchange(soci::into(event_timestamp_));
    statement.exchange(soci::into(user_id_.value, user_id_.indicator));
    statement.exchange(soci::into(anonymous_id_.value, anonymous_id_.indicator));
    statement.exchange(soci::into(is_valid_));
    statement.exchange(soci::into(schema_version_.value, schema_version_.indicator));
    statement.exchange(soci::into(validation_errors_.value, validation_errors_.indicator));
    statement.exchange(soci::into(properties_));
    statement.exchange(soci::into(correlation_id_));
    statement.exchange(soci::into(created_at_));
    statement.exchange(soci::into(batch_id_));
    statement.exchange(soci::into(is_unjudged_));
  }
  EventColumns(const EventColumns&) = delete;
  EventColumns& operator=(const EventColumns&) = delete;

  /// The row that was fetched last; to be called once for it.
  EventRow Take() {
    EventRow row;
    row.tracking_event_id = IdFromColumn<domain::TrackingEventId>(tracking_event_id_);
    row.partner_id = IdFromColumn<domain::PartnerId>(partner_id_);
    row.partner_name = partner_name_;
    row.partner_system_id = IdFromColumn<domain::PartnerSystemId>(partner_system_id_);
    row.partner_system_name = partner_system_name_;
    row.event_id = event_id_;
    row.event_name = event_name_;
    row.event_timestamp = TimestampFromMicros(event_timestamp_);
    if (user_id_.has_value()) row.user_id = user_id_.value;
    if (anonymous_id_.has_value()) row.anonymous_id = anonymous_id_.value;
    row.is_valid = is_valid_ != 0;
    if (schema_version_.has_value()) row.schema_version = schema_version_.value;
    row.validation_errors = validation_errors_.has_value() ? validation_errors_.value : kNoErrors;
    row.properties = std::move(properties_);
    row.correlation_id = correlation_id_;
    row.created_at = TimestampFromMicros(created_at_);
    row.position = batch_id_;
    row.is_unjudged = is_unjudged_ != 0;
    return row;
  }

 private:
  std::string tracking_event_id_, partner_id_, partner_name_, partner_system_id_, partner_system_name_, event_id_,
      event_name_, properties_, correlation_id_;
  long long event_timestamp_ = 0, created_at_ = 0, batch_id_ = 0;
  int is_valid_ = 0, is_unjudged_ = 0;
  Nullable<std::string> user_id_, anonymous_id_, validation_errors_;
  Nullable<int> schema_version_;
};

// `found` counts the rows up to one beyond the limit; the page ends sooner at the byte limit. The texts of the
// properties are fetched for the rows of the page only: what is beneath handles references to them. The last ORDER BY
// names the columns of `measured`, as `tracking_event_id` alone would be the text of the select list. The partner is
// compared last: beneath, the planner would take that for a filter that leaves few of the system's rows, and prefer
// sorting them all to an index that has their order.
constexpr std::string_view kPageBegin = R"(,
         found
    FROM (SELECT *, count(*) OVER () AS found, row_number() OVER page AS ordinal,
                 sum(properties_bytes) OVER (page ROWS UNBOUNDED PRECEDING) AS bytes
            FROM (SELECT of_system.*
                    FROM unnest(:systems::uuid[]) AS systems (id)
                   CROSS JOIN LATERAL (
                         SELECT * FROM)";
constexpr std::string_view kOfSystem = R"( read.tracking_events_read_model
                          WHERE partner_system_id = systems.id)";
// Whatever the planner expects of their number, these few are gathered before they are looked at.
constexpr std::string_view kOfSystemAndCorrelation = R"(
                               (SELECT * FROM read.tracking_events_read_model
                                 WHERE partner_system_id = systems.id AND correlation_id = :correlation_id
                                OFFSET 0) AS correlated
                          WHERE true)";
constexpr std::string_view kPageEndDescending = R"(
                          ORDER BY event_timestamp DESC, tracking_event_id DESC
                          LIMIT :limit::bigint + 1) AS of_system
                   ORDER BY of_system.event_timestamp DESC, of_system.tracking_event_id DESC
                   LIMIT :limit::bigint + 1) AS candidate
          WINDOW page AS (ORDER BY event_timestamp DESC, tracking_event_id DESC)) AS measured
   WHERE ordinal <= :limit::bigint AND (ordinal = 1 OR bytes <= :max_bytes::bigint)
     AND measured.partner_id = :partner::uuid
   ORDER BY measured.event_timestamp DESC, measured.tracking_event_id DESC)";
constexpr std::string_view kPageEndAscending = R"(
                          ORDER BY event_timestamp, tracking_event_id
                          LIMIT :limit::bigint + 1) AS of_system
                   ORDER BY of_system.event_timestamp, of_system.tracking_event_id
                   LIMIT :limit::bigint + 1) AS candidate
          WINDOW page AS (ORDER BY event_timestamp, tracking_event_id)) AS measured
   WHERE ordinal <= :limit::bigint AND (ordinal = 1 OR bytes <= :max_bytes::bigint)
     AND measured.partner_id = :partner::uuid
   ORDER BY measured.event_timestamp, measured.tracking_event_id)";

EventKey KeyOf(const EventRow& row) { return {row.event_timestamp, row.tracking_event_id}; }

enum class Way { kInOrder, kByCorrelation };

/// `until`, the last place that may be on the page, when there is such a place.
EventPage FetchPage(soci::session& session, const EventQuery& query, Way way, const std::optional<EventKey>& until,
                    long long max_bytes) {
  soci::statement statement(session);
  EventColumns columns(statement);
  long long found = 0;
  statement.exchange(soci::into(found));
  const auto systems = ArrayText(query.systems), partner = query.partner.ToString();
  statement.exchange(soci::use(systems, "systems"));
  Conditions conditions(statement);
  AddRange(query, conditions);
  if (until) {
    conditions.Add(query.descending
                       ? "(event_timestamp, tracking_event_id) >= (:until_time::timestamptz, :until_id::uuid)"
                       : "(event_timestamp, tracking_event_id) <= (:until_time::timestamptz, :until_id::uuid)",
                   "until_time", domain::FormatRfc3339(until->event_timestamp));
    conditions.Bind("until_id", until->tracking_event_id.ToString());
  }
  AddFilters(query, conditions);
  const long long limit = query.limit;
  statement.exchange(soci::use(limit, "limit"));
  statement.exchange(soci::use(max_bytes, "max_bytes"));
  statement.exchange(soci::use(partner, "partner"));

  std::string sql = "SELECT ";
  sql.append(kEventColumns).append(kPageBegin);
  sql.append(way == Way::kByCorrelation ? kOfSystemAndCorrelation : kOfSystem).append(conditions.sql());
  sql.append(query.descending ? kPageEndDescending : kPageEndAscending);
  EventPage page;
  page.items.reserve(static_cast<std::size_t>(query.limit));
  ForEachRow(statement, sql, [&] { page.items.push_back(columns.Take()); });
  if (found > static_cast<long long>(page.items.size())) page.next = KeyOf(page.items.back());
  return page;
}

// Of each system that has so many rows the last of them, and of these places the first: up to there, all are looked at.
constexpr std::string_view kReachBegin = R"(
  SELECT (extract(epoch FROM last.event_timestamp) * 1000000)::bigint, last.tracking_event_id::text
    FROM unnest(:systems::uuid[]) AS systems (id)
   CROSS JOIN LATERAL (
         SELECT event_timestamp, tracking_event_id FROM read.tracking_events_read_model
          WHERE partner_system_id = systems.id)";
constexpr std::string_view kReachEndDescending = R"(
          ORDER BY event_timestamp DESC, tracking_event_id DESC
         OFFSET :rows::bigint - 1 LIMIT 1) AS last
   ORDER BY last.event_timestamp DESC, last.tracking_event_id DESC
   LIMIT 1)";
constexpr std::string_view kReachEndAscending = R"(
          ORDER BY event_timestamp, tracking_event_id
         OFFSET :rows::bigint - 1 LIMIT 1) AS last
   ORDER BY last.event_timestamp, last.tracking_event_id
   LIMIT 1)";

/// How far about `rows` rows of the question's index reach; nothing when there are no more.
std::optional<EventKey> FetchReach(soci::session& session, const EventQuery& query, std::int64_t rows) {
  soci::statement statement(session);
  long long time = 0;
  std::string id;
  statement.exchange(soci::into(time));
  statement.exchange(soci::into(id));
  const auto systems = ArrayText(query.systems);
  statement.exchange(soci::use(systems, "systems"));
  Conditions conditions(statement);
  AddIndexedFilters(query, conditions);
  const long long of_each =
      std::max<std::int64_t>(rows / static_cast<std::int64_t>(std::max<std::size_t>(query.systems.size(), 1)), 100);
  statement.exchange(soci::use(of_each, "rows"));
  std::string sql(kReachBegin);
  sql.append(conditions.sql()).append(query.descending ? kReachEndDescending : kReachEndAscending);
  std::optional<EventKey> reach;
  ForEachRow(statement, sql, [&] {
    reach = EventKey{TimestampFromMicros(time), IdFromColumn<domain::TrackingEventId>(id)};
  });
  return reach;
}

// What an index has in order is not to be gathered and sorted: where the planner expects few rows, and there are many,
// that takes long. It would compile what it takes for expensive.
constexpr const char* kReadInOrder = R"(
  SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
         set_config('jit', 'off', true))";

std::int64_t BytesOf(const std::vector<EventRow>& rows) {
  std::int64_t bytes = 0;
  for (const auto& row : rows) {
    const auto errors = row.validation_errors == kNoErrors ? 0 : row.validation_errors.size();
    bytes += static_cast<std::int64_t>(row.properties.size() + errors);
  }
  return bytes;
}

/// Looks through the rows of an index, a stretch at a time, until the page is full or enough time has gone into it. One
/// stretch is looked at in any case, so that each page gets on.
EventPage LookForPage(soci::session& session, EventQuery query, const EventReaderSettings& settings) {
  const auto begun = std::chrono::steady_clock::now();
  // Where most rows fit, few more than the page has are enough.
  auto rows = std::min<std::int64_t>(settings.first_look, 4 * query.limit);
  auto bytes_left = settings.max_page_bytes;
  EventPage page;
  while (true) {
    const auto looked = std::chrono::steady_clock::now();
    const auto reach = FetchReach(session, query, rows);
    auto part = FetchPage(session, query, Way::kInOrder, reach, bytes_left);
    // One event is over the limit of an empty page, and of no other.
    if (!page.items.empty() && !part.items.empty() && BytesOf(part.items) > bytes_left) {
      page.next = KeyOf(page.items.back());
      return page;
    }
    bytes_left = std::max<std::int64_t>(bytes_left - BytesOf(part.items), 0);
    query.limit -= static_cast<int>(part.items.size());
    std::move(part.items.begin(), part.items.end(), std::back_inserter(page.items));
    page.next = part.next ? part.next : reach;
    const auto now = std::chrono::steady_clock::now();
    if (part.next || !reach || query.limit <= 0 || now - begun >= settings.look_time) return page;
    query.after = reach;
    if (now - looked < settings.look_time / 10) rows = std::max(2 * rows, settings.first_look);
  }
}

// The events of a request are few, and are sorted. A client may give one id to all that it sends, though: those are
// looked for along another index.
constexpr int kMaxCorrelated = 1'000;
constexpr const char* kGatherByIndex = R"(
  SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true))";
constexpr std::string_view kCorrelated = R"(
  SELECT count(*)
    FROM (SELECT
            FROM unnest(:systems::uuid[]) AS systems (id)
           CROSS JOIN LATERAL (
                 SELECT FROM read.tracking_events_read_model
                  WHERE partner_system_id = systems.id AND correlation_id = :correlation_id
                  LIMIT :most::bigint + 1) AS of_system
           LIMIT :most::bigint + 1) AS found)";

bool AreFewCorrelated(soci::session& session, const EventQuery& query) {
  const auto systems = ArrayText(query.systems);
  long long found = 0;
  session.once << kCorrelated, soci::use(systems, "systems"), soci::use(*query.correlation_id, "correlation_id"),
      soci::use(kMaxCorrelated, "most"), soci::into(found);
  return found <= kMaxCorrelated;
}

constexpr std::string_view kOneEvent = R"(
    FROM read.tracking_events_read_model
   WHERE tracking_event_id = :id::uuid
     AND created_at >= :from::timestamptz AND created_at < :to::timestamptz)";

constexpr std::string_view kOfPartner = " AND partner_id = :partner::uuid";

std::optional<EventRow> FetchEvent(soci::session& session, domain::PartnerId partner, domain::TrackingEventId id,
                                   domain::Timestamp from) {
  const auto id_text = id.ToString(), partner_text = partner.ToString();
  const auto from_text = domain::FormatRfc3339(from);
  const auto to_text = domain::FormatRfc3339(from + std::chrono::milliseconds(1));
  soci::statement statement(session);
  EventColumns columns(statement);
  statement.exchange(soci::use(id_text, "id"));
  statement.exchange(soci::use(from_text, "from"));
  statement.exchange(soci::use(to_text, "to"));
  statement.exchange(soci::use(partner_text, "partner"));
  std::optional<EventRow> row;
  ForEachRow(statement, std::string("SELECT ").append(kEventColumns).append(kOneEvent).append(kOfPartner),
             [&] { row = columns.Take(); });
  return row;
}

/// When a version 7 id was made; nothing for other ids and for times that no event has.
std::optional<domain::Timestamp> CreationTime(domain::TrackingEventId id) {
  static constexpr domain::Timestamp kEndOfTime = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
  const auto millis = id.value.UnixMillis();
  if (!millis || std::chrono::milliseconds(*millis) >= kEndOfTime.time_since_epoch()) return std::nullopt;
  return domain::Timestamp(std::chrono::milliseconds(*millis));
}

}  // namespace

constexpr std::string_view kFreshness = R"(
  SELECT position, (extract(epoch FROM instant) * 1000000)::bigint FROM read.freshness)";

Freshness FetchFreshness(soci::session& session) {
  long long position = 0;
  Nullable<long long> instant;
  session.once << kFreshness, soci::into(position), soci::into(instant.value, instant.indicator);
  Freshness freshness{position, std::nullopt};
  if (instant.has_value()) freshness.instant = TimestampFromMicros(instant.value);
  return freshness;
}

Result<EventPage> PostgresEventReader::Find(const EventQuery& query) {
  const Transaction transaction{
      .name = "find events", .rows = RowScope::Of(query.partner), .statement_timeout = settings_.statement_timeout};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<EventPage> {
    const auto freshness = FetchFreshness(session);
    EventPage page;
    if (!AsksForNul(query) && !query.systems.empty()) {
      if (query.correlation_id) session << kGatherByIndex;
      if (query.correlation_id && AreFewCorrelated(session, query)) {
        page = FetchPage(session, query, Way::kByCorrelation, std::nullopt, settings_.max_page_bytes);
      } else {
        session << kReadInOrder;
        page = IsIndexed(query) ? FetchPage(session, query, Way::kInOrder, std::nullopt, settings_.max_page_bytes)
                                : LookForPage(session, query, settings_);
      }
    }
    page.as_of = freshness;
    return page;
  });
}

Result<std::vector<std::int64_t>> PostgresEventReader::CountBySystem(const EventQuery& query) {
  std::vector<std::int64_t> counts(query.systems.size(), 0);
  if (AsksForNul(query) || counts.empty()) return counts;  // no stored text has a NUL
  auto scope = query;
  if (scope.from) scope.from = BeginOf(QuarterOf(*scope.from));
  if (scope.to) scope.to = BeginOf(QuarterUpTo(*scope.to));
  const Transaction transaction{.name = "count events",
                                .rows = RowScope::Of(query.partner),
                                .snapshot = true,
                                .statement_timeout = settings_.statement_timeout};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<std::vector<std::int64_t>> {
    Extent extent;
    const auto totals = RolledCounts(session, scope, application::Grouping::kSystem).Totals(extent);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto found = totals.find(query.systems[i].ToString());
      if (found != totals.end()) counts[i] = EventsAskedFor(query, found->second);
    }
    return counts;
  });
}

Result<EventFound> PostgresEventReader::Get(domain::PartnerId partner, domain::TrackingEventId id) {
  const Transaction transaction{
      .name = "get event", .rows = RowScope::Of(partner), .statement_timeout = settings_.statement_timeout};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<EventFound> {
    EventFound found;
    found.as_of = FetchFreshness(session);
    if (const auto created_at = CreationTime(id)) found.event = FetchEvent(session, partner, id, *created_at);
    return found;
  });
}

Result<std::optional<domain::PartnerId>> PostgresEventReader::PartnerOf(domain::TrackingEventId id) {
  using Found = std::optional<domain::PartnerId>;
  const auto created_at = CreationTime(id);
  if (!created_at) return Found();
  // Before it is known on whose behalf: the answer is all that leaves this.
  const Transaction transaction{
      .name = "find an event's partner", .rows = RowScope::Unbound(), .statement_timeout = settings_.statement_timeout};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<Found> {
    const auto id_text = id.ToString();
    const auto from = domain::FormatRfc3339(*created_at);
    const auto to = domain::FormatRfc3339(*created_at + std::chrono::milliseconds(1));
    std::string partner;
    session.once << std::string("SELECT partner_id::text").append(kOneEvent), soci::use(id_text, "id"),
        soci::use(from, "from"), soci::use(to, "to"), soci::into(partner);
    return session.got_data() ? Found(IdFromColumn<domain::PartnerId>(partner)) : Found();
  });
}

}  // namespace volcanion::infrastructure
