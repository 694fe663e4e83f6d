#include "Api/Routes/EventRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Routes/EventQuestion.h"

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

Result<std::string> WritePage(application::FindEventsHandler& handler, const FindEvents& question) {
  const auto found = handler.Handle(question);
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
  json.EndObject();
  return json.Take();
}

/// `question` has the systems or the partner already.
Result<Reading> ReadPage(application::FindEventsHandler& handler, QueryReader& parameters, domain::PartnerId partner,
                         FindEvents question) {
  ReadEventQuestion(parameters, question);
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  return Reading{application::AnswerScope{partner, question.query.from, question.query.to},
                 [&handler, question = std::move(question)] { return WritePage(handler, question); }};
}

Result<Reading> OfSystem(application::FindEventsHandler& handler, const Call& call, QueryReader& parameters) {
  const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!system) return system.error();
  const auto partner = handler.PartnerOf(*system);
  if (!partner) return partner.error();
  FindEvents question;
  question.query.partner = call.owner;
  question.query.systems = {*system};
  return ReadPage(handler, parameters, *partner, std::move(question));
}

Result<Reading> OfPartner(application::FindEventsHandler& handler, const Call& call, QueryReader& parameters) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  FindEvents question;
  question.query.partner = call.owner;
  question.query.is_of_all_systems = true;
  return ReadPage(handler, parameters, *partner, std::move(question));
}

Result<Reading> OfUser(application::FindEventsHandler& handler, const Call& call, QueryReader& parameters) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  FindEvents question;
  question.query.partner = call.owner;
  question.query.is_of_all_systems = true;
  question.query.user_id = call.path_parameters[1];
  return ReadPage(handler, parameters, *partner, std::move(question));
}

Result<std::string> WriteOne(application::EventReader& reader, domain::PartnerId partner, domain::TrackingEventId id) {
  const auto found = reader.Get(partner, id);
  if (!found) return found.error();
  if (!found->event) return domain::Error{domain::ErrorKind::kNotFound, "There is no such event in the read model."};
  JsonText json;
  json.BeginObject();
  WriteEventMembers(json, *found->event);
  json.EndObject();
  return json.Take();
}

Result<Reading> One(application::EventReader& reader, const Call& call, QueryReader& parameters) {
  const auto id = PathId<domain::TrackingEventId>(call, "event in the read model");
  if (!id) return id.error();
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  return Reading{{}, [&reader, partner = call.owner, id = *id] { return WriteOne(reader, partner, id); }};
}

}  // namespace

void AddEventRoutes(ReadingRoutes& routes, application::FindEventsHandler& find_events,
                    application::EventReader& reader) {
  using enum Access::Owner;
  const auto scope = domain::Scope::kEventsRead;
  routes.Add(
      "/api/events/partner-system/{id}", Access::Member(kSystem, scope),
      [&find_events](const Call& call, QueryReader& parameters) { return OfSystem(find_events, call, parameters); });
  routes.Add(
      "/api/events/partner/{id}", Access::Member(kPartner, scope),
      [&find_events](const Call& call, QueryReader& parameters) { return OfPartner(find_events, call, parameters); });
  routes.Add(
      "/api/events/partner/{id}/users/{userId}/timeline", Access::Member(kPartner, scope),
      [&find_events](const Call& call, QueryReader& parameters) { return OfUser(find_events, call, parameters); });
  routes.Add("/api/events/{trackingEventId}", Access::Member(kEvent, scope),
             [&reader](const Call& call, QueryReader& parameters) { return One(reader, call, parameters); });
}

}  // namespace volcanion::api
