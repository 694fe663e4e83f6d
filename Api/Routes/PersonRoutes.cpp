#include "Api/Routes/PersonRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/EntityTag.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"
#include "Application/Queries/FindPeople.h"

#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::AdminTokenRow;
using application::PersonRow;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

void WriteMembers(JsonText& json, const PersonRow& person) {
  json.Name("personId").Text(person.id.ToString());
  json.Name("email").Text(person.email);
  json.Name("isActive").Boolean(person.is_active);
  json.Name("isPlatformAdmin").Boolean(person.is_platform_admin);
  json.Name("createdAt").Text(domain::FormatRfc3339(person.created_at));
}

void WritePerson(JsonText& json, const PersonRow& person) {
  json.BeginObject();
  WriteMembers(json, person);
  json.EndObject();
}

Response ShowPerson(const PersonRow& person) {
  JsonText json;
  json.BeginObject();
  WriteMembers(json, person);
  json.Name("memberships").BeginArray();
  for (const auto& part : person.parts) {
    json.BeginObject();
    json.Name("partnerId").Text(part.partner.ToString());
    json.Name("partnerName").Text(part.partner_name);
    json.Name("role").Text(domain::ToString(part.role));
    json.Name("state").Text(part.has_accepted ? "active" : "invited");
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  auto response = MakeJson(200, json.Take());
  // For If-Match alone: memberships come and go under the same revision.
  response.headers.Add("ETag", EntityTag(person.id.ToString(), person.revision()));
  return response;
}

Result<Response> ListPeople(const PersonHandlers& handlers, const Call& call) {
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  application::FindPeople question;
  question.query.email = parameters->Text("email");
  question.query.is_active = parameters->Boolean("isActive");
  question.query.limit = parameters->Integer("limit", question.query.limit);
  question.cursor = parameters->Text("cursor");
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  const auto found = application::FindPeopleOf(handlers.people, std::move(question));
  if (!found) return found.error();
  return PageJson(found->items, found->next_cursor, WritePerson);
}

Result<Response> GetPerson(const PersonHandlers& handlers, const Call& call) {
  const auto id = PathId<domain::UserId>(call, "person");
  if (!id) return id.error();
  const auto person = handlers.people.GetPerson(*id);
  if (!person) return person.error();
  return ShowPerson(*person);
}

Result<Response> ChangePerson(const PersonHandlers& handlers, const Call& call) {
  const auto id = PathId<domain::UserId>(call, "person");
  if (!id) return id.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  const auto is_active = body->OptionalBoolean("isActive");
  if (auto read = body->Finish(); !read) return std::move(read).error();
  if (!is_active) {
    const auto person = handlers.people.GetPerson(*id);
    return person ? Result<Response>(ShowPerson(*person)) : person.error();
  }
  const auto changed = handlers.people.SetActive(*id, *is_active, ReadIfMatch(call.request.headers, id->ToString()),
                                                 handlers.clock.Now(), AuthorOf(call));
  if (!changed) return changed.error();
  (void)handlers.directory.Refresh();  // in force here at once; the others hear of it by polling
  return ShowPerson(*changed);
}

void WriteAdminToken(JsonText& json, const AdminTokenRow& token) {
  json.BeginObject();
  json.Name("adminTokenId").Text(token.id.ToString());
  json.Name("name").Text(token.name);
  json.Name("prefix").Text(token.prefix);
  json.Name("createdAt").Text(domain::FormatRfc3339(token.created_at));
  json.EndObject();
}

Result<Response> ListAdminTokens(const PersonHandlers& handlers, const Call& call) {
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  application::FindAdminTokens question;
  question.limit = parameters->Integer("limit", question.limit);
  question.cursor = parameters->Text("cursor");
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  const auto found = application::FindAdminTokensOf(handlers.management, question);
  if (!found) return found.error();
  return PageJson(found->items, found->next_cursor, WriteAdminToken);
}

Result<Response> RevokeAdminToken(const PersonHandlers& handlers, const Call& call) {
  const auto id = PathId<application::AdminTokenId>(call, "token");
  if (!id) return id.error();
  const auto revoked = handlers.management.RevokeAdminToken(*id, {.partner = std::nullopt,
                                                                  .author = AuthorOf(call),
                                                                  .action = "admin_token.revoked",
                                                                  .target = "",
                                                                  .target_id = id->value,
                                                                  .before = {{"isRevoked", false}},
                                                                  .after = {{"isRevoked", true}}});
  if (!revoked) return revoked.error();
  (void)handlers.directory.Refresh();
  return Response{204, {}, ""};
}

std::string_view KindOf(const application::Principal& principal) {
  if (principal.person) return "person";
  return principal.service ? "serviceToken" : "adminToken";
}

/// Out of memory: what this process lets the caller do.
Result<Response> Me(const PersonHandlers& handlers, const Call& call) {
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  const auto& principal = call.principal;
  const auto directory = handlers.directory.Current();
  const auto write_partner = [&](JsonText& json, domain::PartnerId id) {
    const auto* partner = directory->FindPartner(id);
    json.Name("partnerId").Text(id.ToString());
    json.Name("partnerName").Text(partner == nullptr ? std::string_view() : std::string_view(partner->name));
  };
  JsonText json;
  json.BeginObject();
  json.Name("kind").Text(KindOf(principal));
  json.Name("name").Text(principal.name);
  json.Name("isPlatformAdmin").Boolean(principal.is_platform_admin);
  json.Name("memberships").BeginArray();
  for (const auto& membership : principal.memberships) {
    json.BeginObject();
    write_partner(json, membership.partner);
    json.Name("role").Text(domain::ToString(membership.role));
    json.EndObject();
  }
  json.EndArray();
  json.Name("service");
  if (principal.service) {
    json.BeginObject();
    write_partner(json, principal.service->partner);
    json.Name("scopes").BeginArray();
    for (const auto scope : domain::kAllScopes) {
      if (principal.service->scopes.Has(scope)) json.Text(domain::ToString(scope));
    }
    json.EndArray();
    json.EndObject();
  } else {
    json.Null();
  }
  json.EndObject();
  auto response = MakeJson(200, json.Take());
  response.headers.Add("Cache-Control", "no-store");
  return response;
}

}  // namespace

void AddPersonRoutes(GuardedRoutes& routes, const PersonHandlers& handlers) {
  constexpr std::string_view kPerson = "/api/people/{personId}";
  const auto admins = Access::PlatformAdmin();
  routes.Add("GET", "/api/auth/me", Access::Token(), [handlers](const Call& call) { return Me(handlers, call); });
  routes.Add("GET", "/api/people", admins, [handlers](const Call& call) { return ListPeople(handlers, call); });
  routes.Add("GET", kPerson, admins, [handlers](const Call& call) { return GetPerson(handlers, call); });
  routes.Add("PATCH", kPerson, admins, [handlers](const Call& call) { return ChangePerson(handlers, call); });
  routes.Add("GET", "/api/admin-tokens", admins,
             [handlers](const Call& call) { return ListAdminTokens(handlers, call); });
  routes.Add("DELETE", "/api/admin-tokens/{tokenId}", admins,
             [handlers](const Call& call) { return RevokeAdminToken(handlers, call); });
}

}  // namespace volcanion::api
