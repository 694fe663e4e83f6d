#include "Api/Routes/EventRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Middleware/RunBlocking.h"
#include "Api/Routes/AsOf.h"
#include "Api/Routes/EventQuestion.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::EventRow;
using application::FindEvents;

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

domain::Result<FindEvents> ReadQuestion(const Call& call, FindEvents question) {
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  ReadEventQuestion(*parameters, question);
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  return question;
}

domain::Result<FindEvents> ReadQuestionOfSystem(const Call& call) {
  const auto system = domain::PartnerSystemId::Parse(call.path_parameters[0]);
  if (!system) return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner system."};
  FindEvents question;
  question.query.systems = {*system};
  return ReadQuestion(call, std::move(question));
}

domain::Result<FindEvents> ReadQuestionOfPartner(const Call& call) {
  const auto partner = domain::PartnerId::Parse(call.path_parameters[0]);
  if (!partner) return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner."};
  FindEvents question;
  question.query.partner = *partner;
  return ReadQuestion(call, std::move(question));
}

class EventRoutes {
 public:
  EventRoutes(application::FindEventsHandler& find_events, application::EventReader& reader,
              const application::Clock& clock)
      : find_events_(find_events), reader_(reader), clock_(clock) {}

  void ListOfSystem(const Call& call) const { List(call, ReadQuestionOfSystem(call)); }
  void ListOfPartner(const Call& call) const { List(call, ReadQuestionOfPartner(call)); }

  void List(const Call& call, domain::Result<FindEvents> question) const {
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
  add("/api/events/partner-system/{id}", &EventRoutes::ListOfSystem);
  add("/api/events/partner/{id}", &EventRoutes::ListOfPartner);
  add("/api/events/{trackingEventId}", &EventRoutes::One);
}

}  // namespace volcanion::api
