#include "Api/Routes/EventRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/AsOf.h"

#include <optional>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::EventRow;
using application::FindEvents;
using domain::Result;

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

/// "true" or "false".
std::optional<bool> ReadBoolean(QueryReader& query, std::string_view name) {
  const auto text = query.Text(name);
  if (!text) return std::nullopt;
  if (*text != "true" && *text != "false") query.Note(name, "wrong_value", "must be true or false");
  return *text == "true";
}

bool ReadDescending(QueryReader& query) {
  const auto order = query.Text("order");
  if (order && *order != "desc" && *order != "asc") query.Note("order", "wrong_value", "must be desc or asc");
  return order != "asc";
}

Result<FindEvents> ReadQuestion(const Call& call) {
  const auto system = domain::PartnerSystemId::Parse(call.path_parameters[0]);
  if (!system) return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner system."};
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  FindEvents question;
  auto& query = question.query;
  query.partner = call.owner;
  query.system = *system;
  query.event_name = parameters->Text("eventName");
  query.from = parameters->Time("from");
  query.to = parameters->Time("to");
  query.user_id = parameters->Text("userId");
  query.anonymous_id = parameters->Text("anonymousId");
  query.is_valid = ReadBoolean(*parameters, "isValid");
  query.descending = ReadDescending(*parameters);
  query.limit = parameters->Integer("limit", query.limit);
  question.cursor = parameters->Text("cursor");
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  return question;
}

Result<Response> List(application::FindEventsHandler& handler, const application::Clock& clock, const Call& call) {
  auto question = ReadQuestion(call);
  if (!question) return std::move(question).error();
  const auto found = handler.Handle(*std::move(question));
  if (!found) return found.error();
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
  WriteAsOf(json, found->as_of, clock.Now());
  json.EndObject();
  return MakeJson(200, json.Take());
}

Result<Response> One(application::EventReader& reader, const application::Clock& clock, const Call& call) {
  const auto id = PathId<domain::TrackingEventId>(call, "event in the read model");
  if (!id) return id.error();
  const auto found = reader.Get(call.owner, *id);
  if (!found) return found.error();
  if (!found->event) return domain::Error{domain::ErrorKind::kNotFound, "There is no such event in the read model."};
  JsonText json;
  json.BeginObject();
  WriteEventMembers(json, *found->event);
  WriteAsOf(json, found->as_of, clock.Now());
  json.EndObject();
  return MakeJson(200, json.Take());
}

}  // namespace

void AddEventRoutes(GuardedRoutes& routes, application::FindEventsHandler& find_events,
                    application::EventReader& reader, const application::Clock& clock) {
  using enum Access::Owner;
  routes.Add("GET", "/api/events/partner-system/{id}", Access::Member(kSystem, domain::Scope::kEventsRead),
             [&find_events, &clock](const Call& call) { return List(find_events, clock, call); });
  routes.Add("GET", "/api/events/{trackingEventId}", Access::Member(kEvent, domain::Scope::kEventsRead),
             [&reader, &clock](const Call& call) { return One(reader, clock, call); });
}

}  // namespace volcanion::api
