#include "Api/Routes/UnknownEventRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"
#include "Application/Utf8.h"

#include <utility>

namespace volcanion::api {
namespace {

using domain::Result;

Result<std::string> WriteList(application::FindUnknownEventsHandler& handler,
                              const application::FindUnknownEvents& question) {
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  return PageText(found->items, found->next_cursor, [](JsonText& json, const auto& item) {
    json.BeginObject();
    json.Name("eventName").Text(item.event_name);
    json.Name("partnerSystemId").Text(item.system.ToString());
    json.Name("count").Integer(item.events);
    json.Name("firstSeen").Text(domain::FormatRfc3339(item.first_seen));
    json.Name("lastSeen").Text(domain::FormatRfc3339(item.last_seen));
    json.EndObject();
  });
}

Result<Reading> List(application::FindUnknownEventsHandler& handler, const Call& call, QueryReader& parameters) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  application::FindUnknownEvents question{*partner};
  question.limit = parameters.Integer("limit", question.limit);
  question.cursor = parameters.Text("cursor");
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  return Reading{application::AnswerScope{*partner, {}, {}},
                 [&handler, question = std::move(question)] { return WriteList(handler, question); }};
}

Result<Response> Suggest(application::SuggestSchemaHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  application::SuggestSchema question{*partner, call.path_parameters[1]};
  question.system = query->IdOf<domain::PartnerSystemId>("partnerSystemId");
  question.sample = query->Integer("sample", question.sample);
  if (auto read = query->Finish(); !read) return std::move(read).error();
  if (!application::IsUtf8(question.event_name)) {
    return domain::Error{domain::ErrorKind::kNotFound, "There are no stored events of this name."};
  }
  const auto suggested = handler.Handle(question);
  if (!suggested) return suggested.error();
  JsonText json;
  json.BeginObject();
  json.Name("eventName").Text(question.event_name);
  json.Name("samples").Integer(static_cast<std::int64_t>(suggested->samples));
  json.Name("schema").Raw(suggested->schema);
  json.EndObject();
  return MakeJson(200, json.Take());
}

}  // namespace

void AddUnknownEventRoutes(GuardedRoutes& routes, ReadingRoutes& readings, application::FindUnknownEventsHandler& find,
                           application::SuggestSchemaHandler& suggest) {
  const auto reads = Access::Member(Access::Owner::kPartner, domain::Scope::kEventsRead);
  readings.Add("/api/partners/{id}/unknown-events", reads,
               [&find](const Call& call, QueryReader& parameters) { return List(find, call, parameters); });
  routes.Add("GET", "/api/partners/{id}/unknown-events/{eventName}/suggestion", reads,
             [&suggest](const Call& call) { return Suggest(suggest, call); });
}

}  // namespace volcanion::api
