#include "Api/Routes/EventRoutes.h"

#include "Api/Json/EventJson.h"
#include "Api/Json/JsonText.h"
#include "Api/Routes/EventQuestion.h"
#include "Api/Routes/PageJson.h"

#include <optional>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::FindEvents;
using domain::Result;

Result<std::string> WritePage(application::FindEventsHandler& handler, const FindEvents& question) {
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  return PageText(found->items, found->next_cursor, [](JsonText& json, const auto& event) {
    json.BeginObject();
    WriteEventMembers(json, event);
    json.EndObject();
  });
}

/// `question` has the systems or the partner already.
Result<Reading> ReadPage(application::FindEventsHandler& handler, QueryReader& parameters, domain::PartnerId partner,
                         FindEvents question) {
  ReadEventQuestion(parameters, question);
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  // Before anybody waits for a position.
  if (auto checked = application::FindEventsHandler::Check(question); !checked) return std::move(checked).error();
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
