#include "Infrastructure/Postgres/JobNames.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::JobKind;
using application::JobState;

constexpr std::array<std::pair<JobKind, std::string_view>, 2> kKinds{
    {{JobKind::kImpact, "impact"}, {JobKind::kJudgeAgain, "judge_again"}}};
constexpr std::array<std::pair<JobState, std::string_view>, 5> kStates{{{JobState::kQueued, "queued"},
                                                                        {JobState::kRunning, "running"},
                                                                        {JobState::kSucceeded, "succeeded"},
                                                                        {JobState::kFailed, "failed"},
                                                                        {JobState::kCancelled, "cancelled"}}};

template <typename Names, typename Value>
std::string_view Find(const Names& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  throw std::runtime_error("a job has no such name");
}

template <typename Names>
auto FindNamed(const Names& names, std::string_view wanted) {
  for (const auto& [known, name] : names) {
    if (name == wanted) return known;
  }
  throw std::runtime_error("a job's row has an unknown name");
}

}  // namespace

std::string_view NameOf(JobKind kind) { return Find(kKinds, kind); }
std::string_view NameOf(JobState state) { return Find(kStates, state); }
JobKind JobKindFromName(std::string_view name) { return FindNamed(kKinds, name); }
JobState JobStateFromName(std::string_view name) { return FindNamed(kStates, name); }

}  // namespace volcanion::infrastructure
