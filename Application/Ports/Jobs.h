#pragma once

#include "Application/Jobs/JudgingReport.h"
#include "Application/Ports/AuditLog.h"
#include "Application/Ports/EventReader.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"
#include "Domain/Violation.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace volcanion::application {

using JobId = domain::Id<struct BackgroundJobTag>;

enum class JobKind {
  kImpact,      ///< what would a version say of the stored events?
  kJudgeAgain,  ///< let it say so
};

enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };

/// Which stored events are to be judged, and by what.
struct JudgingRequest {
  std::string event_name;
  int version = 0;  ///< 0: by a schema that was given with the request
  /// By the structure of this system, and its events alone; nothing: by the partner's own structure.
  std::optional<domain::PartnerSystemId> structure_of;
  /// Nothing: all that the structure judges, which are not those of systems that have an active one of their own.
  std::optional<domain::PartnerSystemId> system;
  std::optional<domain::Timestamp> from;  ///< of the event's time, inclusive
  std::optional<domain::Timestamp> to;    ///< exclusive
  bool invalid_only = false;
  std::optional<std::int64_t> sample;  ///< at most so many events; nothing: all
  bool apply = false;                  ///< the verdicts change
};

/// A piece of work that outlives its request.
struct Job {
  JobId id;
  domain::PartnerId partner;
  JobKind kind = JobKind::kImpact;
  JudgingRequest request;
  JobState state = JobState::kQueued;
  bool cancel_requested = false;
  std::int64_t done = 0;              ///< events
  std::optional<std::int64_t> total;  ///< about how many there are; nothing before that is known
  std::int64_t verdicts_changed = 0;
  std::optional<JudgingReport> report;  ///< when it has ended; left out of lists
  std::optional<std::string> error;     ///< why it failed: a sentence for people
  std::string created_by;
  std::string correlation_id;
  domain::Timestamp created_at;
  std::optional<domain::Timestamp> started_at;
  std::optional<domain::Timestamp> finished_at;

  bool HasEnded() const { return state != JobState::kQueued && state != JobState::kRunning; }
};

struct JobPage {
  std::vector<Job> items;  ///< newest first
  bool more = false;
};

/// At most so many jobs of a partner wait or run at a time.
inline constexpr int kMaxOpenJobs = 5;
/// What has ended is forgotten after this.
inline constexpr std::chrono::days kJobRetention{30};

/// Jobs, as those see them who ask for them. Every method looks at one partner's alone: a job of another one is
/// kNotFound. Thread-safe; blocks. kUnavailable when the store is away.
class JobStore {
 public:
  virtual ~JobStore() = default;

  /// Queues the job, with the schema as it stands now and, when one is given, the entry in the audit log. kNotFound
  /// without the partner, its system or the version; kConflict when kMaxOpenJobs of the partner wait already, and when
  /// a draft is to be applied.
  virtual domain::Result<domain::Done> Add(const Job& job, const std::optional<AuditEntry>& audit) = 0;
  /// Queues a job that applies nothing, by this schema, which is no version. kNotFound without the partner or its
  /// system; kConflict as above.
  virtual domain::Result<domain::Done> AddTrial(const Job& job, const std::string& schema) = 0;
  virtual domain::Result<Job> Get(domain::PartnerId partner, JobId id) = 0;
  /// Those that came before `before`, up to `limit`.
  virtual domain::Result<JobPage> List(domain::PartnerId partner, std::optional<JobId> before, int limit) = 0;
  /// A job that waits is cancelled at once, one that runs within two seconds, one that has ended stays as it is.
  /// The audit log has who asked for it first.
  virtual domain::Result<Job> Cancel(domain::PartnerId partner, JobId id, const Author& author) = 0;
};

/// The part of one system in a job: which of its events were looked at.
struct SystemShare {
  domain::PartnerSystemId system;
  std::optional<std::int64_t> limit;  ///< at most so many events; nothing: all
  std::int64_t done = 0;
  std::optional<EventKey> after;  ///< the last one; they go from the newest to the oldest
  bool finished = false;
};

/// All that a runner needs to go on with a job that another one began.
struct JobCheckpoint {
  JudgingReport report;
  std::vector<SystemShare> shares;
  std::optional<std::int64_t> total;

  std::int64_t done() const { return report.tally.events(); }
};

/// A job that this runner alone has.
struct ClaimedJob {
  Job job;
  std::string schema;
  std::optional<JobCheckpoint> checkpoint;  ///< of whoever had it before
  int takeovers = 0;                        ///< how many runners died over it
};

/// A verdict to replace the one that stands.
struct Rejudged {
  domain::PartnerSystemId system;
  std::string event_id;
  domain::TrackingEventId tracking_event_id;
  domain::Verdict verdict;
  std::optional<int> schema_version;
};

/// The runner's side of the jobs. For one thread. kUnavailable when the store is away or the outcome is not known: the
/// job is then to be claimed again, and goes on where the store says. kConflict when another runner has taken it over.
class JobQueue {
 public:
  virtual ~JobQueue() = default;

  /// The oldest job that waits, or was left behind: its runner has given no sign of life for 30 seconds, or was this
  /// one.
  virtual domain::Result<std::optional<ClaimedJob>> Claim() = 0;
  /// A sign of life. Whether the job shall end.
  virtual domain::Result<bool> Beat(JobId job) = 0;
  /// Keeps the checkpoint, and in the same transaction changes the verdicts of those events whose verdict is another
  /// one: the old verdicts stay in their history, and a batch in the outbox tells the projection. Whether the job shall
  /// end; nothing was changed then.
  virtual domain::Result<bool> Save(JobId job, const JobCheckpoint& checkpoint, std::span<const Rejudged> verdicts) = 0;
  /// Ends the job; with what it changed in the audit log, if it was to change anything.
  virtual domain::Result<domain::Done> Finish(const Job& job, JobState state, const JudgingReport& report,
                                              const std::optional<std::string>& error) = 0;
  /// Back into the queue, for whoever comes next.
  virtual domain::Result<domain::Done> GiveBack(JobId job) = 0;
  /// Forgets what ended kJobRetention ago.
  virtual domain::Result<domain::Done> Prune() = 0;
  /// From any thread: what is under way fails soon, whatever it waits for.
  virtual void Interrupt() = 0;
};

}  // namespace volcanion::application
