#include "Application/Queries/EventStatistics.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::application {
namespace {

using domain::Fault;
using domain::Result;

std::chrono::minutes LengthOf(Interval interval) {
  switch (interval) {
    case Interval::kMinute:
      return std::chrono::minutes(1);
    case Interval::kHour:
      return std::chrono::hours(1);
    case Interval::kDay:
      return std::chrono::days(1);
    case Interval::kWeek:
      break;
  }
  return std::chrono::weeks(1);
}

void CheckRange(const EventQuery& scope, std::vector<Fault>& faults) {
  if (scope.from && scope.to && *scope.to < *scope.from) {
    faults.push_back({"/to", "out_of_range", "must not be before from"});
  }
}

/// About how many intervals the range has; 0 when that cannot be said.
std::int64_t CheckPoints(const EventQuery& scope, Interval interval, std::vector<Fault>& faults) {
  if (!scope.from) faults.push_back({"/from", "missing", "is needed, as intervals are counted from it"});
  if (!scope.to) faults.push_back({"/to", "missing", "is needed, as intervals are counted up to it"});
  if (!scope.from || !scope.to || *scope.to <= *scope.from) return 0;
  const auto points = (*scope.to - *scope.from + LengthOf(interval) - std::chrono::microseconds(1)) /
                      std::chrono::microseconds(LengthOf(interval));
  const auto most = interval == Interval::kMinute ? kMaxMinutes : kMaxPoints;
  if (points > most) {
    faults.push_back({"/interval", "too_many",
                      "would make " + std::to_string(points) + " intervals of this range; at most " +
                          std::to_string(most) + " are allowed"});
  }
  return points;
}

std::size_t GroupsOf(const SeriesQuery& question) {
  switch (question.grouping) {
    case Grouping::kNone:
      return 1;
    case Grouping::kIsValid:
      return 2;
    case Grouping::kVerdict:
      return 3;
    default:
      return question.top;
  }
}

domain::Error Broken(std::vector<Fault> faults) {
  return {domain::ErrorKind::kInvalid, "The question breaks a rule.", std::move(faults)};
}

}  // namespace

Result<domain::Done> EventStatisticsHandler::FindSystems(EventQuery& scope) {
  const auto directory = directory_.WithPartner(scope.partner);
  if (!directory) return directory.error();
  if (scope.is_of_all_systems) {
    for (const auto* system : (*directory)->SystemsOf(scope.partner)) scope.systems.push_back(system->id);
    return domain::Done{};
  }
  const auto* system = (*directory)->FindSystem(scope.systems.front());
  if (system && system->partner == scope.partner) return domain::Done{};
  return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner system."};
}

Result<EventSummary> EventStatisticsHandler::Handle(SummaryQuery question) {
  if (auto found = FindSystems(question.scope); !found) return std::move(found).error();
  std::vector<Fault> faults;
  CheckRange(question.scope, faults);
  if (!faults.empty()) return Broken(std::move(faults));
  return reader_.Summarize(question);
}

Result<TimeSeries> EventStatisticsHandler::Handle(SeriesQuery question) {
  if (auto found = FindSystems(question.scope); !found) return std::move(found).error();
  std::vector<Fault> faults;
  CheckRange(question.scope, faults);
  const auto points = CheckPoints(question.scope, question.interval, faults);
  if (question.top < 1 || question.top > kMaxGroups) {
    faults.push_back({"/top", "out_of_range", "must be from 1 to " + std::to_string(kMaxGroups)});
  } else if (const auto counts = points * static_cast<std::int64_t>(GroupsOf(question)); counts > kMaxCounts) {
    faults.push_back({"/top", "too_many",
                      "would make " + std::to_string(counts) + " counts, of intervals and groups; at most " +
                          std::to_string(kMaxCounts) + " are allowed"});
  }
  if (!faults.empty()) return Broken(std::move(faults));
  return reader_.CountOverTime(question);
}

Result<Numbers> EventStatisticsHandler::Handle(NumbersQuery question) {
  if (auto found = FindSystems(question.scope); !found) return std::move(found).error();
  std::vector<Fault> faults;
  CheckRange(question.scope, faults);
  if (question.property.empty()) faults.push_back({"/property", "missing", "is needed: the member with the numbers"});
  if (question.interval) (void)CheckPoints(question.scope, *question.interval, faults);
  if (question.percentiles.size() > kMaxPercentiles) {
    faults.push_back({"/percentiles", "too_many", "must be " + std::to_string(kMaxPercentiles) + " at most"});
  }
  for (const auto percentile : question.percentiles) {
    if (percentile >= 0 && percentile <= 100) continue;
    faults.push_back({"/percentiles", "out_of_range", "must be from 0 to 100"});
    break;
  }
  if (!faults.empty()) return Broken(std::move(faults));
  return reader_.Measure(question);
}

}  // namespace volcanion::application
