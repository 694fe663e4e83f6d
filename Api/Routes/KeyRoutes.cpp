#include "Api/Routes/KeyRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"

#include <chrono>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Result;

void WriteTime(JsonText& json, std::string_view name, const std::optional<domain::Timestamp>& time) {
  json.Name(name);
  time ? json.Text(domain::FormatRfc3339(*time)) : json.Null();
}

void WriteKey(JsonText& json, const domain::ApiKey& key, domain::Timestamp now) {
  json.Name("apiKeyId").Text(key.id().ToString());
  json.Name("partnerSystemId").Text(key.system().ToString());
  json.Name("name").Text(key.name());
  json.Name("environment").Text(domain::ToString(key.environment()));
  json.Name("prefix").Text(key.prefix());
  json.Name("state").Text(domain::ToString(key.StateAt(now)));
  json.Name("createdAt").Text(domain::FormatRfc3339(key.created_at()));
  WriteTime(json, "expiresAt", key.expires_at());
  WriteTime(json, "revokedAt", key.revoked_at());
}

/// The only answer with a key in it.
Response IssuedJson(const application::IssuedApiKey& issued) {
  JsonText json;
  json.BeginObject();
  WriteKey(json, issued.key, issued.key.created_at());
  json.Name("key").Text(issued.secret);
  json.EndObject();
  auto response = MakeJson(201, json.Take());
  response.headers.Add("Cache-Control", "no-store");
  return response;
}

std::optional<domain::Timestamp> ReadExpiry(BodyReader& body) {
  const auto text = body.OptionalString("expiresAt");
  const auto expiry = text ? domain::ParseRfc3339(*text) : std::nullopt;
  if (text && !expiry) body.Note("expiresAt", "malformed_time", "must be an RFC 3339 date and time");
  return expiry;
}

std::optional<domain::KeyEnvironment> ReadEnvironment(BodyReader& body) {
  const auto text = body.OptionalString("environment");
  const auto environment = text ? domain::ParseKeyEnvironment(*text) : std::nullopt;
  if (text && !environment) body.Note("environment", "wrong_value", "must be live or test");
  return environment;
}

Result<domain::ApiKeyId> KeyInPath(const Call& call) {
  if (const auto id = domain::ApiKeyId::Parse(call.path_parameters[1])) return *id;
  return domain::Error{domain::ErrorKind::kNotFound, "There is no such key."};
}

Result<Response> Issue(application::IssueApiKeyHandler& handler, const Call& call) {
  const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!system) return system.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::IssueApiKey command{call.owner, *system, body->RequiredString("name"), ReadExpiry(*body)};
  command.environment = ReadEnvironment(*body).value_or(command.environment);
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto issued = handler.Handle(std::move(command));
  if (!issued) return issued.error();
  return IssuedJson(*issued);
}

Result<Response> Rotate(application::RotateApiKeyHandler& handler, const Call& call) {
  const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!system) return system.error();
  const auto key = KeyInPath(call);
  if (!key) return key.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::RotateApiKey command{call.owner, *system, *key};
  command.overlap = std::chrono::seconds(body->RequiredInteger("overlapSeconds"));
  command.expires_at = ReadExpiry(*body);
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto issued = handler.Handle(command);
  if (!issued) return issued.error();
  return IssuedJson(*issued);
}

Result<Response> Revoke(application::RevokeApiKeyHandler& handler, const Call& call) {
  const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!system) return system.error();
  const auto key = KeyInPath(call);
  if (!key) return key.error();
  const auto revoked = handler.Handle({call.owner, *system, *key, AuthorOf(call)});
  if (!revoked) return revoked.error();
  return Response{204, {}, ""};
}

Result<Response> List(application::FindApiKeysHandler& handler, const application::Clock& clock, const Call& call) {
  const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!system) return system.error();
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  application::FindApiKeys question{{call.owner, *system}};
  question.query.limit = query->Integer("limit", question.query.limit);
  question.cursor = query->Text("cursor");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  const auto found = handler.Handle(std::move(question));
  if (!found) return found.error();
  return PageJson(found->items, found->next_cursor, [&](JsonText& json, const application::ApiKeyRow& row) {
    json.BeginObject();
    WriteKey(json, row.key, clock.Now());
    WriteTime(json, "lastUsedAt", row.last_used_at);
    json.EndObject();
  });
}

}  // namespace

void AddKeyRoutes(GuardedRoutes& routes, const KeyHandlers& handlers) {
  using enum Access::Owner;
  using enum domain::Scope;
  routes.Add("POST", "/api/systems/{id}/keys", Access::PartnerAdmin(kSystem, kKeysWrite),
             [handlers](const Call& call) { return Issue(handlers.issue, call); });
  routes.Add("GET", "/api/systems/{id}/keys", Access::PartnerAdmin(kSystem, kKeysRead),
             [handlers](const Call& call) { return List(handlers.find, handlers.clock, call); });
  routes.Add("DELETE", "/api/systems/{id}/keys/{keyId}", Access::PartnerAdmin(kSystem, kKeysWrite),
             [handlers](const Call& call) { return Revoke(handlers.revoke, call); });
  routes.Add("POST", "/api/systems/{id}/keys/{keyId}/rotate", Access::PartnerAdmin(kSystem, kKeysWrite),
             [handlers](const Call& call) { return Rotate(handlers.rotate, call); });
}

}  // namespace volcanion::api
