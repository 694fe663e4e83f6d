#include "Api/Routes/SystemRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"

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

Response SystemJson(int status, const domain::PartnerSystem& system) {
  JsonText json;
  json.BeginObject();
  json.Name("partnerSystemId").Text(system.id().ToString());
  json.Name("partnerId").Text(system.partner().ToString());
  json.Name("name").Text(system.name());
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
  return MakeJson(status, json.Take());
}

Result<Response> Register(application::RegisterPartnerSystemHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::RegisterPartnerSystem command{*partner, body->RequiredString("name")};
  command.invalid_events = ReadPolicy(*body).value_or(command.invalid_events);
  command.rate_limit = ReadRateLimit(*body);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto system = handler.Handle(std::move(command));
  if (!system) return system.error();
  return SystemJson(201, *system);
}

Result<Response> Change(application::ChangePartnerSystemHandler& handler, const Call& call) {
  const auto id = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!id) return id.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::ChangePartnerSystem command{*id};
  command.invalid_events = ReadPolicy(*body);
  if (body->Has("rateLimit")) command.rate_limit = ReadRateLimit(*body);  // null takes the limit away
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto system = handler.Handle(command);
  if (!system) return system.error();
  return SystemJson(200, *system);
}

Result<Response> IssueKey(application::IssueApiKeyHandler& handler, const Call& call) {
  const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!system) return system.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::IssueApiKey command{*system, body->RequiredString("name"), std::nullopt};
  if (const auto expiry = body->OptionalString("expiresAt")) {
    command.expires_at = domain::ParseRfc3339(*expiry);
    if (!command.expires_at) body->Note("expiresAt", "malformed_time", "must be an RFC 3339 date and time");
  }
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto issued = handler.Handle(std::move(command));
  if (!issued) return issued.error();
  const auto& key = issued->key;
  JsonText json;
  json.BeginObject();
  json.Name("apiKeyId").Text(key.id().ToString());
  json.Name("partnerSystemId").Text(key.system().ToString());
  json.Name("name").Text(key.name());
  json.Name("key").Text(issued->secret);
  json.Name("prefix").Text(key.prefix());
  json.Name("createdAt").Text(domain::FormatRfc3339(key.created_at()));
  json.Name("expiresAt");
  key.expires_at() ? json.Text(domain::FormatRfc3339(*key.expires_at())) : json.Null();
  json.EndObject();
  auto response = MakeJson(201, json.Take());
  response.headers.Add("Cache-Control", "no-store");
  return response;
}

}  // namespace

void AddSystemRoutes(GuardedRoutes& routes, const SystemHandlers& handlers) {
  using enum Access::Owner;
  using enum domain::Scope;
  routes.Add("POST", "/api/partners/{id}/systems", Access::PartnerAdmin(kPartner, kSystemsWrite),
             [handlers](const Call& call) { return Register(handlers.register_system, call); });
  routes.Add("PATCH", "/api/systems/{id}", Access::PartnerAdmin(kSystem, kSystemsWrite),
             [handlers](const Call& call) { return Change(handlers.change, call); });
  routes.Add("POST", "/api/systems/{id}/keys", Access::PartnerAdmin(kSystem, kKeysWrite),
             [handlers](const Call& call) { return IssueKey(handlers.issue_key, call); });
}

}  // namespace volcanion::api
