#include "Api/Routes/IngestRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::IncomingEvent;
using application::IngestEvents;
using application::IngestOutcome;
using domain::Verdict;
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
    json.Name("isValid").Boolean(outcome.verdict == Verdict::Outcome::kValid);
    json.Name("schemaVersion");
    outcome.schema_version ? json.Integer(*outcome.schema_version) : json.Null();
    json.Name("position").Text(std::to_string(outcome.position));
    json.Name("verdict").Text(domain::ToString(outcome.verdict));
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
  std::int64_t stored = 0, duplicates = 0, invalid = 0, unjudged = 0, rejected = 0, position = 0;
  for (const auto& outcome : outcomes) {
    position = std::max(position, outcome.position);
    switch (outcome.status) {
      case IngestOutcome::Status::kStored:
        ++stored;
        if (outcome.verdict != Verdict::Outcome::kValid) ++invalid;
        if (outcome.verdict == Verdict::Outcome::kUnjudged) ++unjudged;
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
  json.Name("unjudged").Integer(unjudged);
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
  IngestRoutes(application::IngestEventsHandler& handler, RateLimiter& rate_limiter, const EventLimits& limits)
      : handler_(handler), rate_limiter_(rate_limiter), limits_(limits) {}

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
    const auto limited = TakeFromLimit(call, sender, events.size());
    if (!limited) return;
    const auto count = events.size();
    handler_.Handle(
        {sender, call.answer.correlation_id(), call.answer.traceparent(), std::move(events)},
        [this, answer = call.answer, make_answer, fields = *limited, key = sender.key, count](Outcomes outcomes) {
          if (!outcomes) {
            if (!fields.empty()) rate_limiter_.GiveBack(key, count);
            return answer.Send(With(fields, MakeProblem(outcomes.error(), answer.correlation_id())));
          }
          answer.SendMade([make_answer, fields, kept = std::make_shared<Outcomes>(std::move(outcomes))] {
            return With(fields, make_answer(*kept));
          });
        });
  }

  using Fields = std::vector<std::pair<std::string, std::string>>;

  static Response With(const Fields& fields, Response response) {
    for (const auto& [name, value] : fields) response.headers.Add(name, value);
    return response;
  }

  /// The RateLimit fields of the answer
  /// (https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06); none for a system without a
  /// limit. Nothing when the request was answered with 429.
  std::optional<Fields> TakeFromLimit(const Call& call, const application::Sender& sender, std::size_t events) const {
    if (!sender.rate_limit) return Fields();
    const auto decision = rate_limiter_.Take(sender.key, *sender.rate_limit, events, std::chrono::steady_clock::now());
    Fields fields = {{"RateLimit-Limit", std::to_string(sender.rate_limit->burst)},
                     {"RateLimit-Remaining", std::to_string(decision.remaining)},
                     {"RateLimit-Reset", std::to_string(decision.reset.count())}};
    if (decision.allowed) return fields;
    auto problem = MakeProblem(429, "This key sends more events than its system may. Nothing was stored.",
                               call.answer.correlation_id());
    fields.emplace_back("Retry-After", std::to_string(decision.retry_after.count()));
    call.answer.Send(With(fields, std::move(problem)));
    return std::nullopt;
  }

  application::IngestEventsHandler& handler_;
  RateLimiter& rate_limiter_;
  const EventLimits limits_;
};

}  // namespace

void AddIngestRoutes(GuardedRoutes& routes, application::IngestEventsHandler& handler, RateLimiter& rate_limiter,
                     const EventLimits& limits) {
  const auto ingest = std::make_shared<const IngestRoutes>(handler, rate_limiter, limits);
  routes.AddForSenders("POST", "/api/events/ingest",
                       [ingest](const Call& call, const application::Sender& sender) { ingest->Single(call, sender); });
  routes.AddForSenders("POST", "/api/events/ingest/batch",
                       [ingest](const Call& call, const application::Sender& sender) { ingest->Batch(call, sender); });
}

}  // namespace volcanion::api
