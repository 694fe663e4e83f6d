#include "Infrastructure/Postgres/PostgresUnknownEventReader.h"

#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

namespace volcanion::infrastructure {
namespace {

using application::UnknownEvents;
using application::UnknownEventsPage;
using domain::Done;
using domain::Result;

constexpr std::string_view kPage = R"(
  SELECT event_name, partner_system_id::text, events, (extract(epoch FROM first_seen) * 1000000)::bigint,
         (extract(epoch FROM last_seen) * 1000000)::bigint
    FROM read.unknown_events
   WHERE partner_id = :partner::uuid)";

constexpr std::string_view kPageEnd = R"(
   ORDER BY event_name, partner_system_id
   LIMIT :limit)";

// Each system's newest are at the end of an index; of those of all systems, the newest are taken. The texts are fetched
// for the rows that are handed out. The partner is compared last: see PostgresEventReader.cpp.
constexpr const char* kSample = R"(
  SELECT properties::text
    FROM (SELECT newest.*, row_number() OVER newest_first AS ordinal, sum(properties_bytes) OVER newest_first AS bytes
            FROM unnest(:systems::uuid[]) AS systems (id)
           CROSS JOIN LATERAL (SELECT partner_id, properties, properties_bytes, event_timestamp,
                                      tracking_event_id
                                 FROM read.tracking_events_read_model
                                WHERE partner_system_id = systems.id AND event_name = :event_name
                                ORDER BY event_timestamp DESC, tracking_event_id DESC
                                LIMIT :limit::integer) AS newest
          WINDOW newest_first AS (ORDER BY event_timestamp DESC, tracking_event_id DESC
                                  ROWS UNBOUNDED PRECEDING)) AS measured
   WHERE ordinal <= :limit::integer AND (ordinal = 1 OR bytes <= :max_bytes::bigint)
     AND partner_id = :partner::uuid
   ORDER BY ordinal)";

UnknownEventsPage FetchPage(soci::session& session, domain::PartnerId partner,
                            const std::optional<application::UnknownEventsKey>& after, int limit) {
  UnknownEvents row;
  std::string system;
  long long events = 0, first_seen = 0, last_seen = 0;
  soci::statement statement(session);
  statement.exchange(soci::into(row.event_name));
  statement.exchange(soci::into(system));
  statement.exchange(soci::into(events));
  statement.exchange(soci::into(first_seen));
  statement.exchange(soci::into(last_seen));
  const auto partner_text = partner.ToString();
  statement.exchange(soci::use(partner_text, "partner"));
  Conditions conditions(statement);
  if (after) {
    conditions.Add("(event_name, partner_system_id) > (:after_name, :after_system::uuid)");
    conditions.Bind("after_name", after->event_name);
    conditions.Bind("after_system", after->system.ToString());
  }
  const int one_more = limit + 1;
  statement.exchange(soci::use(one_more, "limit"));
  UnknownEventsPage page;
  ForEachRow(statement, std::string(kPage).append(conditions.sql()).append(kPageEnd), [&] {
    row.system = IdFromColumn<domain::PartnerSystemId>(system);
    row.events = events;
    row.first_seen = TimestampFromMicros(first_seen);
    row.last_seen = TimestampFromMicros(last_seen);
    page.items.push_back(row);
  });
  page.more = page.items.size() > static_cast<std::size_t>(limit);
  if (page.more) page.items.pop_back();
  return page;
}

}  // namespace

Result<UnknownEventsPage> PostgresUnknownEventReader::List(domain::PartnerId partner,
                                                           const std::optional<application::UnknownEventsKey>& after,
                                                           int limit) {
  const Transaction transaction{
      .name = "list unknown events", .rows = RowScope::Of(partner), .statement_timeout = settings_.statement_timeout};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<UnknownEventsPage> {
    const auto freshness = FetchFreshness(session);
    auto page = FetchPage(session, partner, after, limit);
    page.as_of = freshness;
    return page;
  });
}

Result<Done> PostgresUnknownEventReader::Sample(const application::SampleQuery& query,
                                                const std::function<void(std::string_view)>& take) {
  if (HasNul(query.event_name)) return Done{};  // no stored text has a NUL
  const Transaction transaction{
      .name = "sample events", .rows = RowScope::Of(query.partner), .statement_timeout = settings_.statement_timeout};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<Done> {
    const auto systems = ArrayText(query.systems), partner = query.partner.ToString();
    const long long max_bytes = settings_.max_page_bytes;
    std::string properties;
    soci::statement statement(session);
    statement.exchange(soci::into(properties));
    statement.exchange(soci::use(systems, "systems"));
    statement.exchange(soci::use(query.event_name, "event_name"));
    statement.exchange(soci::use(query.limit, "limit"));
    statement.exchange(soci::use(max_bytes, "max_bytes"));
    statement.exchange(soci::use(partner, "partner"));
    ForEachRow(statement, kSample, [&] { take(properties); });
    return Done{};
  });
}

}  // namespace volcanion::infrastructure
