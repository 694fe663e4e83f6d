#include "Api/Routes/EventRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/RunBlocking.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::EventRow;
using application::FindEvents;
using application::Freshness;
using domain::Fault;

void WriteAsOf(JsonText& json, const Freshness& freshness, domain::Timestamp now) {
  json.Name("asOf").BeginObject();
  json.Name("position").Text(std::to_string(freshness.position));
  json.Name("lagSeconds");
  if (freshness.instant) {
    // The two clocks may be of two machines: a small difference below zero says nothing.
    json.Number(std::max(0.0, std::chrono::duration<double>(now - *freshness.instant).count()));
  } else {
    json.Null();
  }
  json.EndObject();
}

void WriteEventMembers(JsonText& json, const EventRow& event) {
  json.Name("trackingEventId").Text(event.tracking_event_id.ToString());
  json.Name("partnerId").Text(event.partner_id.ToString());
  json.Name("partnerName").Text(event.partner_name);
  json.Name("partnerSystemId").Text(event.partner_system_id.ToString());
  json.Name("partnerSystemName").Text(event.partner_system_name);
  json.Name("eventId").Text(event.event_id);
  json.Name("eventName").Text(event.event_name);
  json.Name("eventTimestamp").Text(domain::FormatRfc3339(event.event_timestamp));
  json.Name("userId");
  WriteOptional(json, event.user_id);
  json.Name("anonymousId");
  WriteOptional(json, event.anonymous_id);
  json.Name("isValid").Boolean(event.is_valid);
  json.Name("schemaVersion");
  event.schema_version ? json.Integer(*event.schema_version) : json.Null();
  json.Name("verdict").Text(domain::ToString(domain::StoredOutcome(event.is_valid, event.is_unjudged)));
  json.Name("validationErrors").Raw(event.validation_errors.empty() ? "[]" : std::string_view(event.validation_errors));
  json.Name("properties").Raw(event.properties);
  json.Name("correlationId").Text(event.correlation_id);
  json.Name("createdAt").Text(domain::FormatRfc3339(event.created_at));
  json.Name("position").Text(std::to_string(event.position));
}

/// Reads the parameters of a list of events, noting every fault.
class QuestionReader {
 public:
  explicit QuestionReader(domain::PartnerSystemId system) { question_.query.system = system; }

  void Read(const std::string& name, const std::string& value) {
    auto& query = question_.query;
    if (!seen_.insert(name).second) return Note(name, "duplicate_parameter", "must stand once only");
    if (name == "eventName") {
      query.event_name = value;
    } else if (name == "from") {
      query.from = ReadTime(name, value);
    } else if (name == "to") {
      query.to = ReadTime(name, value);
    } else if (name == "userId") {
      query.user_id = value;
    } else if (name == "anonymousId") {
      query.anonymous_id = value;
    } else if (name == "isValid") {
      if (value != "true" && value != "false") return Note(name, "wrong_value", "must be true or false");
      query.is_valid = value == "true";
    } else if (name == "order") {
      if (value != "desc" && value != "asc") return Note(name, "wrong_value", "must be desc or asc");
      query.descending = value == "desc";
    } else if (name == "limit") {
      const auto end = value.data() + value.size();
      const auto [stopped, error] = std::from_chars(value.data(), end, query.limit);
      if (error != std::errc() || stopped != end) Note(name, "wrong_value", "must be an integer");
    } else if (name == "cursor") {
      question_.cursor = value;
    } else {
      Note(name, "unknown_parameter",
           "is not known here; the parameters are eventName, from, to, userId, anonymousId, isValid, order, limit, "
           "cursor");
    }
  }

  domain::Result<FindEvents> Finish() && {
    if (faults_.empty()) return std::move(question_);
    return domain::Error{domain::ErrorKind::kInvalid, "The question breaks a rule.", std::move(faults_)};
  }

 private:
  void Note(const std::string& name, std::string code, std::string message) {
    faults_.push_back({"/" + name, std::move(code), std::move(message)});
  }

  std::optional<domain::Timestamp> ReadTime(const std::string& name, const std::string& value) {
    auto time = domain::ParseRfc3339(value);
    if (!time) Note(name, "malformed_time", "must be an RFC 3339 date and time, such as 2026-11-20T10:00:00Z");
    return time;
  }

  FindEvents question_;
  std::set<std::string> seen_;
  std::vector<Fault> faults_;
};

domain::Result<FindEvents> ReadQuestion(const Call& call) {
  const auto system = domain::PartnerSystemId::Parse(call.path_parameters[0]);
  if (!system) return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner system."};
  const auto parameters = ParseQuery(call.request.query);
  if (!parameters)
    return domain::Error{domain::ErrorKind::kMalformed, "The query string is not percent-encoded UTF-8."};
  QuestionReader reader(*system);
  for (const auto& [name, value] : *parameters) reader.Read(name, value);
  return std::move(reader).Finish();
}

class EventRoutes {
 public:
  EventRoutes(application::FindEventsHandler& find_events, application::EventReader& reader,
              const application::Clock& clock)
      : find_events_(find_events), reader_(reader), clock_(clock) {}

  void List(const Call& call) const {
    auto question = ReadQuestion(call);
    if (!question) return call.answer.SendProblem(question.error());
    const auto found = find_events_.Handle(*std::move(question));
    if (!found) return call.answer.SendProblem(found.error());
    JsonText json;
    json.BeginObject();
    json.Name("items").BeginArray();
    for (const auto& event : found->items) {
      json.BeginObject();
      WriteEventMembers(json, event);
      json.EndObject();
    }
    json.EndArray();
    json.Name("nextCursor");
    WriteOptional(json, found->next_cursor);
    WriteAsOf(json, found->as_of, clock_.Now());
    json.EndObject();
    call.answer.Send(MakeJson(200, json.Take()));
  }

  void One(const Call& call) const {
    const auto id = domain::TrackingEventId::Parse(call.path_parameters[0]);
    const auto found = id ? reader_.Get(*id) : domain::Result<application::EventFound>(application::EventFound{});
    if (!found) return call.answer.SendProblem(found.error());
    if (!found->event) return call.answer.SendProblem(404, "There is no such event in the read model.");
    JsonText json;
    json.BeginObject();
    WriteEventMembers(json, *found->event);
    WriteAsOf(json, found->as_of, clock_.Now());
    json.EndObject();
    call.answer.Send(MakeJson(200, json.Take()));
  }

 private:
  application::FindEventsHandler& find_events_;
  application::EventReader& reader_;
  const application::Clock& clock_;
};

}  // namespace

void AddEventRoutes(Router& router, Authentication& authentication, BlockingPool& blocking,
                    application::FindEventsHandler& find_events, application::EventReader& reader,
                    const application::Clock& clock) {
  const auto routes = std::make_shared<const EventRoutes>(find_events, reader, clock);
  const auto add = [&](std::string_view pattern, void (EventRoutes::*handle)(const Call&) const) {
    router.Add("GET", pattern, [routes, handle, &authentication, &blocking](Call call) {
      authentication.RequireAdmin(std::move(call), [routes, handle, &blocking](Call known) {
        RunBlocking(blocking, std::move(known),
                    [routes, handle](const Call& running) { ((*routes).*handle)(running); });
      });
    });
  };
  add("/api/events/partner-system/{id}", &EventRoutes::List);
  add("/api/events/{trackingEventId}", &EventRoutes::One);
}

}  // namespace volcanion::api
