#include "Api/Routes/SystemRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/EntityTag.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"

#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Result;

std::optional<domain::InvalidEventPolicy> ReadPolicy(BodyReader& body) {
  const auto text = body.OptionalString("invalidEvents");
  if (!text) return std::nullopt;
  const auto policy = domain::ParseInvalidEventPolicy(*text);
  if (!policy) body.Note("invalidEvents", "wrong_value", "must be observe, flag or reject");
  return policy;
}

std::optional<domain::RateLimit> ReadRateLimit(BodyReader& body) {
  auto limit = body.OptionalObject("rateLimit");
  if (!limit) return std::nullopt;
  const domain::RateLimit read{limit->RequiredInteger("eventsPerSecond"), limit->RequiredInteger("burst")};
  body.Adopt("rateLimit", limit->Finish());
  return read;
}

void WriteSystem(JsonText& json, const domain::PartnerSystem& system) {
  json.BeginObject();
  json.Name("partnerSystemId").Text(system.id().ToString());
  json.Name("partnerId").Text(system.partner().ToString());
  json.Name("name").Text(system.name());
  json.Name("isActive").Boolean(system.is_active());
  json.Name("invalidEvents").Text(domain::ToString(system.invalid_events()));
  json.Name("rateLimit");
  if (const auto limit = system.rate_limit()) {
    json.BeginObject();
    json.Name("eventsPerSecond").Integer(limit->events_per_second);
    json.Name("burst").Integer(limit->burst);
    json.EndObject();
  } else {
    json.Null();
  }
  json.Name("createdAt").Text(domain::FormatRfc3339(system.created_at()));
  json.EndObject();
}

Response SystemJson(const Call& call, int status, const domain::PartnerSystem& system) {
  JsonText json;
  WriteSystem(json, system);
  return Tagged(call.request, MakeJson(status, json.Take()), system.id().ToString(), system.revision());
}

Result<Response> Register(application::RegisterPartnerSystemHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::RegisterPartnerSystem command{*partner, body->RequiredString("name")};
  command.invalid_events = ReadPolicy(*body).value_or(command.invalid_events);
  command.rate_limit = ReadRateLimit(*body);
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto system = handler.Handle(std::move(command));
  if (!system) return system.error();
  return SystemJson(call, 201, *system);
}

Result<Response> Change(application::ChangePartnerSystemHandler& handler, const Call& call) {
  const auto id = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!id) return id.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::ChangePartnerSystem command{call.owner, *id};
  command.change.name = body->OptionalString("name");
  command.change.is_active = body->OptionalBoolean("isActive");
  command.change.invalid_events = ReadPolicy(*body);
  if (body->Has("rateLimit")) command.change.rate_limit = ReadRateLimit(*body);  // null takes the limit away
  command.expected_revisions = ReadIfMatch(call.request.headers, id->ToString());
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto system = handler.Handle(command);
  if (!system) return system.error();
  return SystemJson(call, 200, *system);
}

Result<Response> Get(application::ManagementStore& store, const Call& call) {
  const auto id = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!id) return id.error();
  const auto system = store.GetSystem(call.owner, *id);
  if (!system) return system.error();
  return SystemJson(call, 200, *system);
}

Result<Response> List(application::FindSystemsHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  application::FindSystems question{{*partner}};
  question.query.name = query->Text("name");
  question.query.is_active = query->Boolean("isActive");
  question.query.limit = query->Integer("limit", question.query.limit);
  question.cursor = query->Text("cursor");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  const auto found = handler.Handle(std::move(question));
  if (!found) return found.error();
  return PageJson(found->items, found->next_cursor, WriteSystem);
}

}  // namespace

void AddSystemRoutes(GuardedRoutes& routes, const SystemHandlers& handlers) {
  using enum Access::Owner;
  using enum domain::Scope;
  routes.Add("POST", "/api/partners/{id}/systems", Access::PartnerAdmin(kPartner, kSystemsWrite),
             [handlers](const Call& call) { return Register(handlers.register_system, call); });
  routes.Add("GET", "/api/partners/{id}/systems", Access::Member(kPartner, kSystemsRead),
             [handlers](const Call& call) { return List(handlers.find, call); });
  routes.Add("GET", "/api/systems/{id}", Access::Member(kSystem, kSystemsRead),
             [handlers](const Call& call) { return Get(handlers.store, call); });
  routes.Add("PATCH", "/api/systems/{id}", Access::PartnerAdmin(kSystem, kSystemsWrite),
             [handlers](const Call& call) { return Change(handlers.change, call); });
}

}  // namespace volcanion::api
