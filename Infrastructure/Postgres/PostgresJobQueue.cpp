#include "Infrastructure/Postgres/PostgresJobQueue.h"

#include "Infrastructure/Postgres/JobJson.h"
#include "Infrastructure/Postgres/JobNames.h"
#include "Infrastructure/Postgres/JudgementWriter.h"
#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/PqErrors.h"

#include <stdexcept>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::ClaimedJob;
using application::Job;
using application::JobId;
using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

Error TakenOver() { return {ErrorKind::kConflict, "Another runner has the job."}; }

// A runner that had this job and does not know how its last transaction ended finds it here again, too. A partner's
// jobs run one after the other, in the order in which they were asked for: the verdicts of the last one stand.
constexpr char kClaim[] = R"sql(
  UPDATE write.background_jobs AS jobs
  SET state = 'running', runner = $1::uuid, started_at = coalesce(started_at, clock_timestamp()),
      heartbeat_at = clock_timestamp(),
      takeovers = takeovers + CASE WHEN state = 'running' AND runner <> $1::uuid THEN 1 ELSE 0 END
  WHERE job_id = (
    SELECT job_id FROM write.background_jobs AS candidates
    WHERE (state = 'queued' OR (state = 'running' AND (runner = $1::uuid OR
                                                       heartbeat_at < clock_timestamp() - interval '30 seconds')))
      AND NOT EXISTS (
        SELECT FROM write.background_jobs AS earlier
        WHERE earlier.partner_id = candidates.partner_id AND earlier.state IN ('queued', 'running')
          AND (earlier.created_at, earlier.job_id) < (candidates.created_at, candidates.job_id))
    ORDER BY created_at, job_id LIMIT 1
    FOR UPDATE SKIP LOCKED)
  RETURNING job_id, partner_id, kind, request, schema, cancel_requested, checkpoint, takeovers, created_by, correlation_id
)sql";

constexpr char kBeat[] = R"sql(
  UPDATE write.background_jobs SET heartbeat_at = clock_timestamp()
  WHERE job_id = $1::uuid AND runner = $2::uuid AND state = 'running'
  RETURNING cancel_requested
)sql";

constexpr char kLockJob[] = R"sql(
  SELECT cancel_requested FROM write.background_jobs
  WHERE job_id = $1::uuid AND runner = $2::uuid AND state = 'running' FOR UPDATE
)sql";

constexpr char kSaveCheckpoint[] = R"sql(
  UPDATE write.background_jobs
  SET heartbeat_at = clock_timestamp(), checkpoint = $2::json, done = $3::int8, total = $4::int8,
      verdicts_changed = verdicts_changed + $5::int8
  WHERE job_id = $1::uuid
)sql";

constexpr char kFinish[] = R"sql(
  UPDATE write.background_jobs
  SET state = $3::text, finished_at = clock_timestamp(), result = $4::json, error = nullif($5::text, ''), checkpoint = NULL,
      schema = NULL
  WHERE job_id = $1::uuid AND runner = $2::uuid AND state = 'running'
  RETURNING verdicts_changed
)sql";

constexpr char kAuditChange[] = R"sql(
  INSERT INTO write.audit_log (partner_id, actor, action, target, correlation_id, details)
  SELECT $1::uuid, $2::text, 'events.judged_again', $3::text, $4::text,
         json_build_object('jobId', $5::uuid, 'state', $6::text, 'verdictsChanged', $7::int8)
)sql";

constexpr char kGiveBack[] = R"sql(
  UPDATE write.background_jobs SET state = 'queued', runner = NULL
  WHERE job_id = $1::uuid AND runner = $2::uuid AND state = 'running'
)sql";

constexpr char kPrune[] = R"sql(
  DELETE FROM write.background_jobs WHERE finished_at < clock_timestamp() - $1::int4 * interval '1 day'
)sql";

ClaimedJob ReadClaim(const PqResult& row) {
  ClaimedJob claimed;
  auto& job = claimed.job;
  job.id = {UuidFromBytes(row.bytes(0, 0))};
  job.partner = {UuidFromBytes(row.bytes(0, 1))};
  job.kind = JobKindFromName(row.bytes(0, 2));
  job.request = JudgingRequestFromJson(row.bytes(0, 3));
  claimed.schema = row.bytes(0, 4);
  job.state = application::JobState::kRunning;
  job.cancel_requested = row.boolean(0, 5);
  if (!row.is_null(0, 6)) claimed.checkpoint = JobCheckpointFromJson(row.bytes(0, 6));
  claimed.takeovers = row.int4(0, 7);
  job.created_by = row.bytes(0, 8);
  job.correlation_id = row.bytes(0, 9);
  return claimed;
}

/// In the transaction of the job's last change.
void AuditChange(PqConnection& connection, const Job& job, std::string_view state, std::int64_t changed) {
  const auto target = job.request.event_name + ", version " + std::to_string(job.request.version);
  BinaryValues count;
  count.Int8(changed);
  (void)connection.Execute(kAuditChange, {{kUuidOid, BytesOf(job.partner.value)},
                                          {kTextOid, job.created_by},
                                          {kTextOid, target},
                                          {kTextOid, job.correlation_id},
                                          {kUuidOid, BytesOf(job.id.value)},
                                          {kTextOid, state},
                                          {kInt8Oid, count.last(8)}});
}

/// Runs `work` with a transaction that it began itself; rolls back when it throws.
template <typename Work>
auto InTransaction(PqConnection& connection, Work work) {
  try {
    return work();
  } catch (...) {
    connection.Rollback();
    throw;
  }
}

}  // namespace

PostgresJobQueue::PostgresJobQueue(std::string connection_string, domain::Uuid runner,
                                   application::StepObserver observer)
    : connection_string_(std::move(connection_string)), runner_(BytesOf(runner)), observer_(std::move(observer)) {}

PqConnection& PostgresJobQueue::Connected() {
  if (!connection_ || !connection_->IsAlive()) {
    connection_.emplace(connection_string_);
    interrupt_.Follow(*connection_);
  }
  return *connection_;
}

Result<std::optional<ClaimedJob>> PostgresJobQueue::Claim() try {
  const auto row = Connected().Execute(kClaim, {{kUuidOid, runner_}});
  if (row.rows() == 0) return std::optional<ClaimedJob>();
  return std::optional(ReadClaim(row));
} catch (const PqError& error) {
  return ToWorkerError(error);
}

Result<bool> PostgresJobQueue::Beat(JobId job) try {
  const auto row = Connected().Execute(kBeat, {{kUuidOid, BytesOf(job.value)}, {kUuidOid, runner_}});
  if (row.rows() == 0) return TakenOver();
  return row.boolean(0, 0);
} catch (const PqError& error) {
  return ToWorkerError(error);
}

Result<bool> PostgresJobQueue::Save(JobId job, const application::JobCheckpoint& checkpoint,
                                    std::span<const application::Rejudged> verdicts) try {
  auto& connection = Connected();
  return InTransaction(connection, [&]() -> Result<bool> {
    const auto row = connection.BeginWith(kLockJob, {{kUuidOid, BytesOf(job.value)}, {kUuidOid, runner_}});
    const bool taken_over = row.rows() == 0;
    if (taken_over || row.boolean(0, 0)) {
      connection.Rollback();
      return taken_over ? Result<bool>(TakenOver()) : Result<bool>(true);
    }
    const auto changed = ChangeVerdicts(connection, job, verdicts);
    BinaryValues done, total, added;
    done.Int8(checkpoint.done());
    total.Int8(checkpoint.total.value_or(0));
    added.Int8(changed);
    const auto json = ToJson(checkpoint);
    (void)connection.Execute(kSaveCheckpoint, {{kUuidOid, BytesOf(job.value)},
                                               {kJsonOid, json},
                                               {kInt8Oid, done.last(8)},
                                               {kInt8Oid, total.last(8)},
                                               {kInt8Oid, added.last(8)}});
    if (observer_) observer_("before judgement commit");
    connection.Commit("COMMIT");
    if (observer_) observer_("after judgement commit");
    return false;
  });
} catch (const PqError& error) {
  return ToWorkerError(error);
}

Result<Done> PostgresJobQueue::Finish(const Job& job, application::JobState state,
                                      const application::JudgingReport& report,
                                      const std::optional<std::string>& error) try {
  auto& connection = Connected();
  return InTransaction(connection, [&]() -> Result<Done> {
    const auto json = ToJson(report);
    const auto row = connection.BeginWith(kFinish, {{kUuidOid, BytesOf(job.id.value)},
                                                    {kUuidOid, runner_},
                                                    {kTextOid, NameOf(state)},
                                                    {kJsonOid, json},
                                                    {kTextOid, error.value_or("")}});
    if (row.rows() == 0) {
      connection.Rollback();
      return TakenOver();
    }
    if (job.request.apply) AuditChange(connection, job, NameOf(state), row.int8(0, 0));
    connection.Commit("COMMIT");
    return Done{};
  });
} catch (const PqError& error_of_store) {
  return ToWorkerError(error_of_store);
}

Result<Done> PostgresJobQueue::GiveBack(JobId job) try {
  (void)Connected().Execute(kGiveBack, {{kUuidOid, BytesOf(job.value)}, {kUuidOid, runner_}});
  return Done{};
} catch (const PqError& error) {
  return ToWorkerError(error);
}

Result<Done> PostgresJobQueue::Prune() try {
  BinaryValues days;
  days.Int4(static_cast<std::int32_t>(application::kJobRetention.count()));
  (void)Connected().Execute(kPrune, {{kInt4Oid, days.last(4)}});
  return Done{};
} catch (const PqError& error) {
  return ToWorkerError(error);
}

}  // namespace volcanion::infrastructure
