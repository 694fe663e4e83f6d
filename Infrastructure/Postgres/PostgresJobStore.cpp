#include "Infrastructure/Postgres/PostgresJobStore.h"

#include "Infrastructure/Postgres/JobJson.h"
#include "Infrastructure/Postgres/JobNames.h"
#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <string>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::AuditEntry;
using application::Job;
using application::JobId;
using application::JobPage;
using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

Error NoSuchPartner() { return {ErrorKind::kNotFound, "There is no such partner."}; }
Error NoSuchJob() { return {ErrorKind::kNotFound, "There is no such job."}; }

// Whoever adds to this partner's jobs waits here: the count is right until the commit, as it is taken by a statement of
// its own, which sees what was waited for. NO KEY: rows that refer to the partner can be added meanwhile.
constexpr std::string_view kLockPartner = R"(
  SELECT name FROM write.partners WHERE partner_id = :partner::uuid FOR NO KEY UPDATE)";

constexpr std::string_view kCountOpenJobs = R"(
  SELECT count(*)
    FROM write.background_jobs
   WHERE state IN ('queued', 'running') AND partner_id = :partner::uuid)";

constexpr std::string_view kFindSystem = R"(
  SELECT count(*) FROM write.partner_systems WHERE partner_system_id = :system::uuid AND partner_id = :partner::uuid)";

constexpr std::string_view kFindVersion = R"(
  SELECT structure_id::text, state
    FROM write.event_structures
   WHERE partner_id = :partner::uuid AND event_name = :event_name AND version = :version
     AND partner_system_id IS NOT DISTINCT FROM :structure_of::uuid)";

constexpr std::string_view kInsertJob = R"(
  INSERT INTO write.background_jobs (job_id, partner_id, kind, request, schema, state, created_by, correlation_id,
                                     created_at)
  SELECT :id::uuid, :partner::uuid, :kind, :request::json, schema, 'queued', :created_by, :correlation_id,
         :created_at::timestamptz
    FROM write.event_structures
   WHERE structure_id = :structure::uuid AND partner_id = :partner::uuid)";

constexpr std::string_view kInsertTrial = R"(
  INSERT INTO write.background_jobs (job_id, partner_id, kind, request, schema, state, created_by, correlation_id,
                                     created_at)
  VALUES (:id::uuid, :partner::uuid, :kind, :request::json, :schema::json, 'queued', :created_by, :correlation_id,
          :created_at::timestamptz))";

/// What both statements are given.
struct NewJobColumns {
  explicit NewJobColumns(const Job& job)
      : id(job.id.ToString()),
        partner(job.partner.ToString()),
        kind(NameOf(job.kind)),
        request(ToJson(job.request)),
        created_by(job.created_by),
        correlation_id(job.correlation_id),
        created_at(domain::FormatRfc3339(job.created_at)) {}

  void Insert(soci::session& session, std::string_view statement, const std::string& last_name,
              const std::string& last) const {
    session.once << statement, soci::use(id, "id"), soci::use(partner, "partner"), soci::use(kind, "kind"),
        soci::use(request, "request"), soci::use(created_by, "created_by"), soci::use(correlation_id, "correlation_id"),
        soci::use(created_at, "created_at"), soci::use(last, last_name);
  }

  std::string id, partner, kind, request, created_by, correlation_id, created_at;
};

/// Holds the partner's row, so that its jobs are as they are until the commit. kNotFound without it or without the
/// system that the job names.
Result<Done> LockPartner(soci::session& session, const Job& job) {
  const auto partner = job.partner.ToString();
  std::string partner_name;
  session.once << kLockPartner, soci::use(partner, "partner"), soci::into(partner_name);
  if (!session.got_data()) return NoSuchPartner();
  if (job.request.system) {
    const auto system = job.request.system->ToString();
    long long found = 0;
    session.once << kFindSystem, soci::use(system, "system"), soci::use(partner, "partner"), soci::into(found);
    if (found == 0) return Error{ErrorKind::kNotFound, "There is no such partner system."};
  }
  return Done{};
}

Result<Done> CheckOpenJobs(soci::session& session, const std::string& partner) {
  long long open = 0;
  session.once << kCountOpenJobs, soci::use(partner, "partner"), soci::into(open);
  if (open < application::kMaxOpenJobs) return Done{};
  return Error{ErrorKind::kConflict, "The partner has " + std::to_string(open) +
                                         " jobs that wait or run, and may not have more: wait for one to end, or "
                                         "cancel one."};
}

/// The columns of a job, fetched in the order of the members below. `request` and `report` are JSON.
constexpr std::string_view kJobColumns = R"(
  SELECT job_id::text, partner_id::text, kind, request::text, state, cancel_requested::int, done,
         total, verdicts_changed, error, created_by, correlation_id,
         (extract(epoch FROM created_at) * 1000000)::bigint, (extract(epoch FROM started_at) * 1000000)::bigint,
         (extract(epoch FROM finished_at) * 1000000)::bigint)";

class JobColumns {
 public:
  JobColumns(soci::statement& statement, bool with_result) {
    statement.exchange(soci::into(id_));
    statement.exchange(soci::into(partner_));
    statement.exchange(soci::into(kind_));
    statement.exchange(soci::into(request_));
    statement.exchange(soci::into(state_));
    statement.exchange(soci::into(cancel_requested_));
    statement.exchange(soci::into(done_));
    statement.exchange(soci::into(total_.value, total_.indicator));
    statement.exchange(soci::into(changed_));
    statement.exchange(soci::into(error_.value, error_.indicator));
    statement.exchange(soci::into(created_by_));
    statement.exchange(soci::into(correlation_id_));
    statement.exchange(soci::into(created_at_));
    statement.exchange(soci::into(started_at_.value, started_at_.indicator));
    statement.exchange(soci::into(finished_at_.value, finished_at_.indicator));
    if (with_result) statement.exchange(soci::into(result_.value, result_.indicator));
  }
  JobColumns(const JobColumns&) = delete;
  JobColumns& operator=(const JobColumns&) = delete;

  /// The row that was fetched last.
  Job Take() const {
    Job job;
    job.id = IdFromColumn<JobId>(id_);
    job.partner = IdFromColumn<domain::PartnerId>(partner_);
    job.kind = JobKindFromName(kind_);
    job.request = JudgingRequestFromJson(request_);
    job.state = JobStateFromName(state_);
    job.cancel_requested = cancel_requested_ != 0;
    job.done = done_;
    if (total_.has_value()) job.total = total_.value;
    job.verdicts_changed = changed_;
    if (error_.has_value()) job.error = error_.value;
    job.created_by = created_by_;
    job.correlation_id = correlation_id_;
    job.created_at = TimestampFromMicros(created_at_);
    if (started_at_.has_value()) job.started_at = TimestampFromMicros(started_at_.value);
    if (finished_at_.has_value()) job.finished_at = TimestampFromMicros(finished_at_.value);
    if (result_.has_value()) job.report = JudgingReportFromJson(result_.value);
    return job;
  }

 private:
  std::string id_, partner_, kind_, request_, state_, created_by_, correlation_id_;
  int cancel_requested_ = 0;
  long long done_ = 0, changed_ = 0, created_at_ = 0;
  Nullable<long long> total_, started_at_, finished_at_;
  Nullable<std::string> error_, result_;
};

constexpr std::string_view kOneJob = R"(,
         result::text
    FROM write.background_jobs
   WHERE partner_id = :partner::uuid AND job_id = :id::uuid)";

Result<Job> FetchJob(soci::session& session, const std::string& partner, const std::string& id) {
  soci::statement statement(session);
  JobColumns columns(statement, true);
  statement.exchange(soci::use(partner, "partner"));
  statement.exchange(soci::use(id, "id"));
  std::optional<Job> job;
  ForEachRow(statement, std::string(kJobColumns).append(kOneJob), [&] { job = columns.Take(); });
  if (!job) return NoSuchJob();
  return *std::move(job);
}

}  // namespace

Result<Done> PostgresJobStore::Add(const Job& job, const std::optional<AuditEntry>& audit) {
  const auto& request = job.request;
  const Error no_such_version{ErrorKind::kNotFound, "There is no such version of this structure."};
  if (HasNul(request.event_name)) return no_such_version;  // no stored name has one
  Nullable<std::string> structure_of;
  if (request.structure_of) structure_of = {request.structure_of->ToString(), soci::i_ok};
  const NewJobColumns columns(job);
  return pool_.Run({"add job", RowScope::Of(job.partner)}, [&](soci::session& session) -> Result<Done> {
    if (auto locked = LockPartner(session, job); !locked) return locked;
    std::string structure, state;
    session.once << kFindVersion, soci::use(columns.partner, "partner"), soci::use(request.event_name, "event_name"),
        soci::use(request.version, "version"), soci::use(structure_of.value, structure_of.indicator, "structure_of"),
        soci::into(structure), soci::into(state);
    if (!session.got_data()) return no_such_version;
    if (request.apply && state == "draft") {
      return Error{ErrorKind::kConflict, "A draft may still change: activate the version before it changes verdicts."};
    }
    if (auto few = CheckOpenJobs(session, columns.partner); !few) return few;
    columns.Insert(session, kInsertJob, "structure", structure);
    if (audit) AddAuditEntry(session, *audit);
    return Done{};
  });
}

Result<Done> PostgresJobStore::AddTrial(const Job& job, const std::string& schema) {
  const NewJobColumns columns(job);
  return pool_.Run({"add trial", RowScope::Of(job.partner)}, [&](soci::session& session) -> Result<Done> {
    if (auto locked = LockPartner(session, job); !locked) return locked;
    if (auto few = CheckOpenJobs(session, columns.partner); !few) return few;
    columns.Insert(session, kInsertTrial, "schema", schema);
    return Done{};
  });
}

Result<Job> PostgresJobStore::Get(domain::PartnerId partner, JobId id) {
  const auto partner_text = partner.ToString();
  const auto id_text = id.ToString();
  return pool_.Run({"get job", RowScope::Of(partner)},
                   [&](soci::session& session) { return FetchJob(session, partner_text, id_text); });
}

constexpr std::string_view kFindPartner = "SELECT count(*) FROM write.partners WHERE partner_id = :partner::uuid";

constexpr std::string_view kJobsOfPartner = R"(
    FROM write.background_jobs
   WHERE partner_id = :partner::uuid AND job_id < :before::uuid
   ORDER BY job_id DESC
   LIMIT :limit::bigint)";

Result<JobPage> PostgresJobStore::List(domain::PartnerId partner, std::optional<JobId> before, int limit) {
  const auto partner_text = partner.ToString();
  const auto before_text = before ? before->ToString() : "ffffffff-ffff-ffff-ffff-ffffffffffff";
  const long long limit_and_one = limit + 1LL;
  return pool_.Run({"list jobs", RowScope::Of(partner)}, [&](soci::session& session) -> Result<JobPage> {
    long long partners = 0;
    session.once << kFindPartner, soci::use(partner_text, "partner"), soci::into(partners);
    if (partners == 0) return NoSuchPartner();
    soci::statement statement(session);
    JobColumns columns(statement, false);
    statement.exchange(soci::use(partner_text, "partner"));
    statement.exchange(soci::use(before_text, "before"));
    statement.exchange(soci::use(limit_and_one, "limit"));
    JobPage page;
    ForEachRow(statement, std::string(kJobColumns).append(kJobsOfPartner),
               [&] { page.items.push_back(columns.Take()); });
    page.more = page.items.size() > static_cast<std::size_t>(limit);
    if (page.more) page.items.pop_back();
    return page;
  });
}

// What waits has no runner to end it; it may have a checkpoint of one that stopped.
constexpr std::string_view kCancel = R"(
  UPDATE write.background_jobs
     SET cancel_requested = true,
         state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END,
         finished_at = CASE state WHEN 'queued' THEN clock_timestamp() END,
         result = CASE state WHEN 'queued' THEN checkpoint->'report' END,
         schema = CASE state WHEN 'queued' THEN NULL ELSE schema END,
         checkpoint = CASE state WHEN 'queued' THEN NULL ELSE checkpoint END
   WHERE partner_id = :partner::uuid AND job_id = :id::uuid AND state IN ('queued', 'running'))";

// Of a job that had changed verdicts before it was given back: its runner would have noted that.
constexpr std::string_view kAuditCancelled = R"(
  INSERT INTO write.audit_log (partner_id, actor, action, target, correlation_id, details)
  SELECT partner_id, created_by, 'events.judged_again',
         (request->>'eventName') || ', version ' || (request->>'version'), correlation_id,
         json_build_object('jobId', job_id, 'state', 'cancelled', 'verdictsChanged', verdicts_changed)
    FROM write.background_jobs
   WHERE partner_id = :partner::uuid AND job_id = :id::uuid AND state = 'queued' AND verdicts_changed > 0)";

constexpr std::string_view kLockQueued = R"(
  SELECT count(*) FROM (
    SELECT 1 FROM write.background_jobs
     WHERE partner_id = :partner::uuid AND job_id = :id::uuid AND state = 'queued' FOR UPDATE) AS locked)";

// Once for a job: who asks again changes nothing.
constexpr std::string_view kAuditRequest = R"(
  INSERT INTO write.audit_log (partner_id, actor, action, target, target_id, correlation_id, client_address, details,
                               before, after)
  SELECT partner_id, :actor, 'job.cancelled', (request->>'eventName') || CASE request->>'version' WHEN '0' THEN '' ELSE ', version ' || (request->>'version') END,
         job_id,
         :correlation_id, nullif(:client_address, ''), json_build_object('kind', kind),
         json_build_object('state', state), json_build_object('state', 'cancelled')
    FROM write.background_jobs
   WHERE partner_id = :partner::uuid AND job_id = :id::uuid AND state IN ('queued', 'running') AND NOT cancel_requested
     FOR UPDATE)";

Result<Job> PostgresJobStore::Cancel(domain::PartnerId partner, JobId id, const application::Author& author) {
  const auto partner_text = partner.ToString();
  const auto id_text = id.ToString();
  return pool_.Run({"cancel job", RowScope::Of(partner)}, [&](soci::session& session) {
    session.once << kAuditRequest, soci::use(author.actor, "actor"), soci::use(author.correlation_id, "correlation_id"),
        soci::use(author.client_address, "client_address"), soci::use(partner_text, "partner"),
        soci::use(id_text, "id");
    long long queued = 0;
    session.once << kLockQueued, soci::use(partner_text, "partner"), soci::use(id_text, "id"), soci::into(queued);
    if (queued > 0) session.once << kAuditCancelled, soci::use(partner_text, "partner"), soci::use(id_text, "id");
    session.once << kCancel, soci::use(partner_text, "partner"), soci::use(id_text, "id");
    return FetchJob(session, partner_text, id_text);
  });
}

}  // namespace volcanion::infrastructure
