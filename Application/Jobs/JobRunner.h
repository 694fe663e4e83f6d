#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/EventReader.h"
#include "Application/Ports/Jobs.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/SchemaCompiler.h"
#include "Domain/Result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace volcanion::application {

struct JobRunnerSettings {
  std::chrono::milliseconds poll_interval{500};  ///< between looks at an empty queue
  std::chrono::milliseconds beat_interval{500};  ///< between signs of life, which also tell of a cancellation
  std::chrono::milliseconds patience{120'000};   ///< with stores that do not answer; then the job fails
  int max_page_events = 500;                     ///< judged, and changed, together
};

/// Does the jobs of the queue, one at a time. It takes about half of what it could: after each page it pauses as long
/// as the page took. Whatever dies, the job goes on from its last checkpoint, with this runner or another.
class JobRunner {
 public:
  /// The queue and the reader belong to this runner alone.
  JobRunner(JobQueue& queue, EventReader& reader, const SchemaCompiler& compiler, DirectoryCache& directory, Log& log,
            JobRunnerSettings settings = {});

  /// Works until told to stop; a job under way goes back into the queue then.
  void Run(std::stop_token stop);

  /// Works on one job until it has ended, or until told to stop. False when there was none.
  domain::Result<bool> RunOnce(std::stop_token stop);

 private:
  /// How work on a job went: with kQueued, it was told to stop.
  struct Ended {
    JobState state = JobState::kSucceeded;
    std::optional<std::string> error = {};
  };
  domain::Result<bool> RunOnceCatching(std::stop_token stop);
  domain::Result<Ended> Work(const ClaimedJob& claimed, JobCheckpoint& checkpoint, std::stop_token stop);
  domain::Result<Ended> WorkOnShare(const Job& job, const CompiledSchema& schema, JobCheckpoint& checkpoint,
                                    std::size_t share, std::stop_token stop);
  /// What of whose events is to be looked at.
  domain::Result<JobCheckpoint> Plan(const Job& job);
  /// Pauses, and beats meanwhile. Whether the job shall end.
  domain::Result<bool> Rest(JobId job, std::chrono::steady_clock::duration rest, std::stop_token stop);
  /// Beats when it is time. Whether the job shall end.
  domain::Result<bool> BeatIfDue(JobId job);
  domain::Result<domain::Done> End(const Job& job, const JobCheckpoint& checkpoint, const Ended& ended);
  /// Whether the job has not come any further for too long.
  bool IsStuck(JobId job, std::int64_t done);

  JobQueue& queue_;
  EventReader& reader_;
  const SchemaCompiler& compiler_;
  DirectoryCache& directory_;
  Log& log_;
  const JobRunnerSettings settings_;

  int page_events_;
  std::chrono::steady_clock::time_point beaten_{};
  struct Stuck {
    JobId job;
    std::int64_t done;
    std::chrono::steady_clock::time_point since;
  };
  std::optional<Stuck> stuck_;
};

}  // namespace volcanion::application
