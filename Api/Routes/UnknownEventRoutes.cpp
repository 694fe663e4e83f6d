#include "Api/Routes/UnknownEventRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/AsOf.h"
#include "Application/Utf8.h"

#include <utility>

namespace volcanion::api {
namespace {

using domain::Result;

Result<Response> List(application::FindUnknownEventsHandler& handler, const application::Clock& clock,
                      const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  application::FindUnknownEvents question{*partner};
  question.limit = query->Integer("limit", question.limit);
  question.cursor = query->Text("cursor");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  JsonText json;
  json.BeginObject();
  json.Name("items").BeginArray();
  for (const auto& item : found->items) {
    json.BeginObject();
    json.Name("eventName").Text(item.event_name);
    json.Name("partnerSystemId").Text(item.system.ToString());
    json.Name("count").Integer(item.events);
    json.Name("firstSeen").Text(domain::FormatRfc3339(item.first_seen));
    json.Name("lastSeen").Text(domain::FormatRfc3339(item.last_seen));
    json.EndObject();
  }
  json.EndArray();
  json.Name("nextCursor");
  WriteOptional(json, found->next_cursor);
  WriteAsOf(json, found->as_of, clock.Now());
  json.EndObject();
  return MakeJson(200, json.Take());
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

void AddUnknownEventRoutes(GuardedRoutes& routes, application::FindUnknownEventsHandler& find,
                           application::SuggestSchemaHandler& suggest, const application::Clock& clock) {
  const auto reads = Access::Member(Access::Owner::kPartner, domain::Scope::kEventsRead);
  routes.Add("GET", "/api/partners/{id}/unknown-events", reads,
             [&find, &clock](const Call& call) { return List(find, clock, call); });
  routes.Add("GET", "/api/partners/{id}/unknown-events/{eventName}/suggestion", reads,
             [&suggest](const Call& call) { return Suggest(suggest, call); });
}

}  // namespace volcanion::api
