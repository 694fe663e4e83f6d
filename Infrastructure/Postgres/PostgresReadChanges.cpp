#include "Infrastructure/Postgres/PostgresReadChanges.h"

#include "Infrastructure/Postgres/PostgresEventReader.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

namespace volcanion::infrastructure {

using application::AnswerScope;
using application::ChangeStamp;
using application::Freshness;
using domain::Result;

Result<Freshness> PostgresReadChanges::CurrentFreshness() {
  const Transaction transaction{
      .name = "read freshness", .rows = RowScope::OfAny({}), .statement_timeout = statement_timeout_};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<Freshness> { return FetchFreshness(session); });
}

// One statement, so one snapshot: the freshness and the counts are of the same instant. The end of the range is
// exclusive.
constexpr std::string_view kStamp = R"(
  SELECT store_id::text, position, (extract(epoch FROM instant) * 1000000)::bigint,
         (SELECT coalesce(sum(changes), 0)::bigint
            FROM read.changed_days
           WHERE partner_id = :partner::uuid
             AND day >= (:from::timestamptz AT TIME ZONE 'UTC')::date
             AND day <= ((:to::timestamptz - interval '1 microsecond') AT TIME ZONE 'UTC')::date)
    FROM read.freshness, read.identity)";

Result<ChangeStamp> PostgresReadChanges::StampOf(const AnswerScope& scope) {
  const auto partner = scope.partner.ToString();
  const auto from = scope.from ? domain::FormatRfc3339(*scope.from) : "-infinity";
  const auto to = scope.to ? domain::FormatRfc3339(*scope.to) : "infinity";
  const Transaction transaction{
      .name = "stamp answer", .rows = RowScope::Of(scope.partner), .statement_timeout = statement_timeout_};
  return pool_.Run(transaction, [&](soci::session& session) -> Result<ChangeStamp> {
    ChangeStamp stamp;
    long long position = 0, changes = 0;
    Nullable<long long> instant;
    session.once << kStamp, soci::use(partner, "partner"), soci::use(from, "from"), soci::use(to, "to"),
        soci::into(stamp.store), soci::into(position), soci::into(instant.value, instant.indicator),
        soci::into(changes);
    stamp.as_of.position = position;
    if (instant.has_value()) stamp.as_of.instant = TimestampFromMicros(instant.value);
    stamp.changes = changes;
    return stamp;
  });
}

}  // namespace volcanion::infrastructure
