#include "Infrastructure/Postgres/PostgresVerdictHistory.h"

#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <string>

namespace volcanion::infrastructure {

using application::PastVerdict;
using domain::Result;

// What each judgement made of the event, and behind the oldest of them what that one found.
constexpr const char* kVerdicts = R"(
  WITH changes AS (
    SELECT * FROM write.judgements
     WHERE tracking_event_id = :event::uuid AND partner_id = :partner::uuid
     ORDER BY batch_id DESC LIMIT :limit::int)
  SELECT is_valid::int, is_unjudged::int, schema_version, coalesce(validation_errors::text, '[]'),
         (extract(epoch FROM judged_at) * 1000000)::bigint, job_id::text, batch_id
    FROM changes
   UNION ALL
  (SELECT was_valid::int, was_unjudged::int, was_schema_version, coalesce(was_validation_errors::text, '[]'),
          (extract(epoch FROM event_created_at) * 1000000)::bigint, NULL, 0
     FROM changes
    WHERE (SELECT count(*) FROM changes) < :limit::int
    ORDER BY batch_id LIMIT 1)
   ORDER BY 7 DESC)";

Result<std::vector<PastVerdict>> PostgresVerdictHistory::Of(domain::PartnerId partner, domain::TrackingEventId event) {
  const auto id = event.ToString(), partner_text = partner.ToString();
  const int limit = application::kMaxPastVerdicts;
  return pool_.Run(
      {"get verdicts", RowScope::Of(partner)}, [&](soci::session& session) -> Result<std::vector<PastVerdict>> {
        int is_valid = 0, is_unjudged = 0;
        Nullable<int> schema_version;
        std::string validation_errors;
        long long judged_at = 0, batch = 0;
        Nullable<std::string> job;
        soci::statement statement(session);
        statement.exchange(soci::into(is_valid));
        statement.exchange(soci::into(is_unjudged));
        statement.exchange(soci::into(schema_version.value, schema_version.indicator));
        statement.exchange(soci::into(validation_errors));
        statement.exchange(soci::into(judged_at));
        statement.exchange(soci::into(job.value, job.indicator));
        statement.exchange(soci::into(batch));
        statement.exchange(soci::use(id, "event"));
        statement.exchange(soci::use(partner_text, "partner"));
        statement.exchange(soci::use(limit, "limit"));
        std::vector<PastVerdict> verdicts;
        ForEachRow(statement, kVerdicts, [&] {
          PastVerdict verdict{
              is_valid != 0, is_unjudged != 0, std::nullopt, validation_errors, TimestampFromMicros(judged_at),
              std::nullopt};
          if (schema_version.has_value()) verdict.schema_version = schema_version.value;
          if (job.has_value()) verdict.job = IdFromColumn<application::JobId>(job.value);
          verdicts.push_back(std::move(verdict));
        });
        return verdicts;
      });
}

}  // namespace volcanion::infrastructure
