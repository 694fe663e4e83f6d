#include "Cli/JobCommands.h"

#include "Cli/ExitStatus.h"
#include "Cli/PercentEncoding.h"
#include "Cli/PrintAnswer.h"

#include <algorithm>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{50}, kLongestPause{2'000};

const std::vector<Column> kColumns = {{"JOB ID", "jobId"},      {"KIND", "kind"},    {"STATE", "state"},
                                      {"CREATED", "createdAt"}, {"BY", "createdBy"}, {"ERROR", "error"}};

Result<std::string> PathOf(Remote& remote, const JobAddress& address) {
  auto id = FindPartner(remote, address.partner);
  return id ? Result<std::string>("/api/partners/" + *id + "/jobs/" + UrlEncoded(address.job)) : id;
}

void Print(const Remote& remote, const JsonObject& job) {
  PrintOne(job, kColumns, remote.json);
  if (remote.json || !job.Has("result")) return;
  const auto result = job.Object("result");
  PrintOne(result,
           {{"EVENTS", "events"},
            {"TURNED INVALID", "turnedInvalid"},
            {"TURNED VALID", "turnedValid"},
            {"VIOLATING", "violating"}},
           false);
}

}  // namespace

Result<int> ListJobs(Remote& remote, const std::string& partner) {
  auto id = FindPartner(remote, partner);
  if (!id) return std::move(id).error();
  return PrintAll(remote, "/api/partners/" + *id + "/jobs", kColumns);
}

Result<int> ShowJob(Remote& remote, const JobAddress& address) {
  auto path = PathOf(remote, address);
  if (!path) return std::move(path).error();
  const auto job = remote.api.Get(*path);
  if (!job) return job.error();
  Print(remote, job->body);
  return kSucceeded;
}

Result<int> WaitForJob(Remote& remote, const JobAddress& address, std::chrono::seconds patience) {
  auto path = PathOf(remote, address);
  if (!path) return std::move(path).error();
  const auto job = AwaitJob(remote, *path, patience);
  if (!job) return job.error();
  Print(remote, *job);
  return job->Text("state") == "succeeded" ? kSucceeded : kFailed;
}

Result<int> CancelJob(Remote& remote, const JobAddress& address) {
  auto path = PathOf(remote, address);
  if (!path) return std::move(path).error();
  const auto job = remote.api.Delete(*path);
  if (!job) return job.error();
  Print(remote, job->body);
  return kSucceeded;
}

Result<JsonObject> AwaitJob(Remote& remote, const std::string& path, std::chrono::seconds patience) {
  const auto deadline = steady_clock::now() + patience;
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    auto job = remote.api.Get(path);
    if (!job) return std::move(job).error();
    const auto state = job->body.Text("state");
    if (state != "queued" && state != "running") return std::move(job->body);
    if (steady_clock::now() >= deadline) {
      return Error{ErrorKind::kUnavailable, "The job " + job->body.Text("jobId") + " has not ended within " +
                                                std::to_string(patience.count()) + " s (it is " + state +
                                                "); each API process works on one job after the other."};
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace volcanion::cli
