#include "Api/Routes/IngestRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::IncomingEvent;
using application::IngestEvents;
using application::IngestOutcome;
using Outcomes = domain::Result<std::vector<IngestOutcome>>;

std::string_view ToText(IngestOutcome::Status status) {
  switch (status) {
    case IngestOutcome::Status::kStored:
      return "stored";
    case IngestOutcome::Status::kDuplicate:
      return "duplicate";
    case IngestOutcome::Status::kConflict:
      return "conflict";
    case IngestOutcome::Status::kRejected:
      return "rejected";
  }
  return "rejected";
}

const std::vector<domain::Fault>& ConflictFaults() {
  static const std::vector<domain::Fault> kFaults = {
      {"/eventId", "conflict", "another content is stored under this id"}};
  return kFaults;
}

void WriteOutcome(JsonText& json, const IngestOutcome& outcome) {
  json.BeginObject();
  if (!outcome.event_id.empty()) json.Name("eventId").Text(outcome.event_id);
  json.Name("status").Text(ToText(outcome.status));
  if (outcome.status == IngestOutcome::Status::kRejected) {
    json.Name("errors");
    WriteFaults(json, outcome.faults);
  } else if (outcome.status == IngestOutcome::Status::kConflict) {
    json.Name("position").Text(std::to_string(outcome.position));
    json.Name("errors");
    WriteFaults(json, ConflictFaults());
  } else {
    json.Name("isValid").Boolean(outcome.is_valid);
    json.Name("schemaVersion");
    outcome.schema_version ? json.Integer(*outcome.schema_version) : json.Null();
    json.Name("position").Text(std::to_string(outcome.position));
    json.Name("validationErrors");
    WriteViolations(json, outcome.violations);
  }
  json.EndObject();
}

Response AnswerSingle(const IngestOutcome& outcome, std::string_view correlation_id) {
  switch (outcome.status) {
    case IngestOutcome::Status::kRejected:
      return MakeProblem(
          {outcome.rejected_as, "The event was not stored; it is kept as a rejected payload.", outcome.faults},
          correlation_id);
    case IngestOutcome::Status::kConflict:
      return MakeProblem(
          {domain::ErrorKind::kConflict,
           "An event with this id and another content is stored; this one is kept as a rejected payload.",
           ConflictFaults()},
          correlation_id);
    default:
      break;
  }
  JsonText json;
  WriteOutcome(json, outcome);
  return MakeJson(202, json.Take());
}

Response AnswerBatch(const std::vector<IngestOutcome>& outcomes) {
  std::int64_t stored = 0, duplicates = 0, invalid = 0, rejected = 0, position = 0;
  for (const auto& outcome : outcomes) {
    position = std::max(position, outcome.position);
    switch (outcome.status) {
      case IngestOutcome::Status::kStored:
        ++stored;
        if (!outcome.is_valid) ++invalid;
        break;
      case IngestOutcome::Status::kDuplicate:
        ++duplicates;
        break;
      case IngestOutcome::Status::kConflict:
      case IngestOutcome::Status::kRejected:
        ++rejected;
        break;
    }
  }
  JsonText json;
  json.BeginObject();
  json.Name("stored").Integer(stored);
  json.Name("duplicates").Integer(duplicates);
  json.Name("invalid").Integer(invalid);
  json.Name("rejected").Integer(rejected);
  json.Name("position");
  position == 0 ? json.Null() : json.Text(std::to_string(position));
  json.Name("results").BeginArray();
  for (const auto& outcome : outcomes) WriteOutcome(json, outcome);
  json.EndArray();
  json.EndObject();
  return MakeJson(202, json.Take());
}

class IngestRoutes {
 public:
  IngestRoutes(application::IngestEventsHandler& handler, const EventLimits& limits)
      : handler_(handler), limits_(limits) {}

  void Single(const Call& call, const application::Sender& sender) const {
    if (!IsJson(call.request.headers)) return call.answer.SendProblem(415, "Send the event as application/json.");
    std::vector<IncomingEvent> events;
    events.push_back(DecodeEvent(call.request.body, limits_));
    Ingest(call, sender, std::move(events), [answer = call.answer](const Outcomes& outcomes) {
      return AnswerSingle(outcomes->front(), answer.correlation_id());
    });
  }

  void Batch(const Call& call, const application::Sender& sender) const {
    const bool is_lines = MediaTypeOf(call.request.headers) == "application/x-ndjson";
    if (!is_lines && !IsJson(call.request.headers)) {
      return call.answer.SendProblem(415, "Send the batch as application/json or application/x-ndjson.");
    }
    const std::string_view body = call.request.body;
    auto events = is_lines ? DecodeLines(body, limits_) : DecodeBatch(body, limits_);
    if (events) {
      return Ingest(call, sender, *std::move(events), [](const Outcomes& outcomes) { return AnswerBatch(*outcomes); });
    }
    // The body as a whole is what is kept.
    std::vector<IncomingEvent> whole;
    whole.push_back({body, std::move(events).error()});
    Ingest(call, sender, std::move(whole), [answer = call.answer](const Outcomes& outcomes) {
      const auto& outcome = outcomes->front();
      return MakeProblem(
          {outcome.rejected_as, "The batch was not stored; it is kept as a rejected payload.", outcome.faults},
          answer.correlation_id());
    });
  }

 private:
  template <typename MakeAnswer>
  void Ingest(const Call& call, const application::Sender& sender, std::vector<IncomingEvent> events,
              MakeAnswer make_answer) const {
    handler_.Handle({sender, call.answer.correlation_id(), call.traceparent, std::move(events)},
                    [answer = call.answer, make_answer](Outcomes outcomes) {
                      if (!outcomes) return answer.SendProblem(outcomes.error());
                      answer.SendMade([make_answer, kept = std::make_shared<Outcomes>(std::move(outcomes))] {
                        return make_answer(*kept);
                      });
                    });
  }

  application::IngestEventsHandler& handler_;
  const EventLimits limits_;
};

}  // namespace

void AddIngestRoutes(Router& router, Authentication& authentication, application::IngestEventsHandler& handler,
                     const EventLimits& limits) {
  const auto routes = std::make_shared<const IngestRoutes>(handler, limits);
  const bool is_hot = true;
  router.Add(
      "POST", "/api/events/ingest",
      [routes, &authentication](Call call) {
        authentication.RequireSender(std::move(call), [routes](const Call& known, const application::Sender& sender) {
          routes->Single(known, sender);
        });
      },
      is_hot);
  router.Add(
      "POST", "/api/events/ingest/batch",
      [routes, &authentication](Call call) {
        authentication.RequireSender(std::move(call), [routes](const Call& known, const application::Sender& sender) {
          routes->Batch(known, sender);
        });
      },
      is_hot);
}

}  // namespace volcanion::api
