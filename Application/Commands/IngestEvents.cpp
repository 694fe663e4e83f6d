#include "Application/Commands/IngestEvents.h"

#include <utility>

namespace volcanion::application {
namespace {

using domain::TrackingEvent;
using domain::Violation;

/// What is to be said of an event, and the version that says it.
struct Judgement {
  domain::Verdict verdict;
  std::optional<int> by_version;
};

std::string MissingStructure(const Directory& directory, const TrackingEvent& event) {
  const auto& name = event.report().event_name;
  if (!directory.HasStructure(event.partner(), event.system(), name))
    return "no active structure describes events of this name";
  return "version " + std::to_string(*event.report().schema_version) + " is not an active version of this structure";
}

Judgement Judge(const Directory& directory, const TrackingEvent& event, JudgingBudget& budget) {
  Judgement judgement;
  const auto& report = event.report();
  const auto* structure =
      directory.FindStructure(event.partner(), event.system(), report.event_name, report.schema_version);
  if (structure == nullptr) {
    const bool known_name = directory.HasStructure(event.partner(), event.system(), report.event_name);
    judgement.verdict.AddOfWhole({"", known_name ? "schemaVersion" : "eventName", MissingStructure(directory, event)});
  } else {
    judgement.by_version = structure->version;
    judgement.verdict = structure->schema ? structure->schema->Judge(report.properties(), budget)
                                          : domain::Unjudged("the structure cannot be judged by");
  }
  if (auto ahead = domain::CheckClock(event.event_timestamp(), event.received_at())) {
    judgement.verdict.AddOfWhole(*std::move(ahead));
  }
  return judgement;
}

std::vector<domain::Fault> AsFaults(const std::vector<Violation>& violations) {
  std::vector<domain::Fault> faults;
  faults.reserve(violations.size());
  for (const auto& violation : violations) {
    const bool in_properties = violation.keyword != "eventName" && violation.keyword != "eventTimestamp" &&
                               violation.keyword != "schemaVersion";
    faults.push_back({in_properties ? "/properties" + violation.pointer : "/" + violation.keyword, "violates_structure",
                      violation.keyword + ": " + violation.message});
  }
  return faults;
}

IngestOutcome::Status StatusOf(AppendResult::Status status) {
  switch (status) {
    case AppendResult::Status::kStored:
      return IngestOutcome::Status::kStored;
    case AppendResult::Status::kDuplicate:
      return IngestOutcome::Status::kDuplicate;
    case AppendResult::Status::kConflict:
      return IngestOutcome::Status::kConflict;
    case AppendResult::Status::kUnstorable:
      return IngestOutcome::Status::kRejected;
  }
  return IngestOutcome::Status::kRejected;
}

void Fill(IngestOutcome& outcome, const TrackingEvent& event, AppendResult& result) {
  outcome.status = StatusOf(result.status);
  if (outcome.status == IngestOutcome::Status::kRejected) {
    outcome.faults = {{"", "unstorable", "the database cannot store this event"}};
    return;
  }
  outcome.event_id = event.event_id();
  outcome.position = result.position;
  outcome.verdict = result.verdict.outcome;
  outcome.schema_version = result.judged_by;
  outcome.violations = std::move(result.verdict.violations);
}

void Count(Metrics& metrics, const std::vector<IngestOutcome>& outcomes) {
  using Outcome = domain::Verdict::Outcome;
  std::size_t valid = 0, invalid = 0, unjudged = 0, duplicate = 0, conflict = 0, rejected = 0;
  for (const auto& outcome : outcomes) {
    switch (outcome.status) {
      case IngestOutcome::Status::kStored:
        ++(outcome.verdict == Outcome::kValid ? valid : outcome.verdict == Outcome::kInvalid ? invalid : unjudged);
        break;
      case IngestOutcome::Status::kDuplicate:
        ++duplicate;
        break;
      case IngestOutcome::Status::kConflict:
        ++conflict;
        break;
      case IngestOutcome::Status::kRejected:
        ++rejected;
        break;
    }
  }
  metrics.EventsIngested("valid", valid);
  metrics.EventsIngested("invalid", invalid);
  metrics.EventsIngested("unjudged", unjudged);
  metrics.EventsIngested("duplicate", duplicate);
  metrics.EventsIngested("conflict", conflict);
  metrics.EventsIngested("rejected", rejected);
}

}  // namespace

IngestEventsHandler::IngestEventsHandler(EventStore& store, const DirectoryCache& directory, const Clock& clock,
                                         const Secrets& secrets, Metrics& metrics)
    : store_(store), directory_(directory), clock_(clock), secrets_(secrets), metrics_(metrics) {}

void IngestEventsHandler::Handle(IngestEvents command, Done done) {
  const auto directory = directory_.Current();  // one picture for the whole request: never half of two versions
  const auto now = clock_.Now();
  const auto& sender = command.sender;
  JudgingBudget budget;

  std::vector<IngestOutcome> outcomes(command.events.size());
  std::vector<std::size_t> stored_at;  // where the outcome of each event of `append` goes
  Append append{sender.key, {}, {}};
  append.events.reserve(command.events.size());
  stored_at.reserve(command.events.size());

  const auto reject = [&](std::size_t index, domain::Error why) {
    auto& outcome = outcomes[index];
    outcome.status = IngestOutcome::Status::kRejected;
    outcome.rejected_as = why.kind;
    outcome.faults = std::move(why.faults);
    if (outcome.faults.empty()) outcome.faults.push_back({"", "invalid", std::move(why.message)});
    append.rejected.push_back(
        {sender.system, command.correlation_id, now, std::string(command.events[index].raw), outcome.faults});
  };

  for (std::size_t i = 0; i < command.events.size(); ++i) {
    auto& incoming = command.events[i];
    if (!incoming.report) {
      reject(i, std::move(incoming.report).error());
      continue;
    }
    outcomes[i].event_id = incoming.report->event_id.value_or("");
    auto event = TrackingEvent::Create(std::move(incoming.report).value(),
                                       {domain::TrackingEventId{secrets_.NewId(now)}, sender.partner, sender.system,
                                        now, command.correlation_id, command.traceparent});
    if (!event) {
      reject(i, std::move(event).error());
      continue;
    }
    auto judgement = Judge(*directory, *event, budget);
    if (domain::IsRejected(sender.invalid_events, judgement.verdict)) {
      reject(i,
             {domain::ErrorKind::kInvalid, "The event breaks its structure.", AsFaults(judgement.verdict.violations)});
      continue;
    }
    event->Judge(domain::Conclude(sender.invalid_events, std::move(judgement.verdict)), judgement.by_version);
    append.events.push_back(*std::move(event));
    stored_at.push_back(i);
  }

  store_.Store(std::move(append),
               [&metrics = metrics_, outcomes = std::move(outcomes), stored_at = std::move(stored_at),
                done = std::move(done)](domain::Result<Appended> appended) mutable {
                 if (!appended) return done(std::move(appended).error());
                 for (std::size_t i = 0; i < stored_at.size(); ++i) {
                   Fill(outcomes[stored_at[i]], appended->events[i], appended->results[i]);
                 }
                 Count(metrics, outcomes);
                 done(std::move(outcomes));
               });
}

}  // namespace volcanion::application
