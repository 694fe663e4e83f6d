#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Routes/MemberPage.h"
#include "Api/Routes/MemberRoutes.h"

#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;
using domain::ServiceToken;

void WriteMembers(JsonText& json, const ServiceToken& token) {
  json.Name("serviceTokenId").Text(token.id.ToString());
  json.Name("partnerId").Text(token.partner.ToString());
  json.Name("name").Text(token.name);
  json.Name("prefix").Text(token.prefix);
  json.Name("scopes").BeginArray();
  for (const auto scope : domain::kAllScopes) {
    if (token.scopes.Has(scope)) json.Text(domain::ToString(scope));
  }
  json.EndArray();
  json.Name("createdBy").Text(token.created_by);
  json.Name("createdAt").Text(domain::FormatRfc3339(token.created_at));
  json.Name("expiresAt");
  token.expires_at ? json.Text(domain::FormatRfc3339(*token.expires_at)) : json.Null();
}

void WriteToken(JsonText& json, const ServiceToken& token) {
  json.BeginObject();
  WriteMembers(json, token);
  json.EndObject();
}

std::string NamesOfScopes() {
  std::string names;
  for (const auto scope : domain::kAllScopes) names.append(names.empty() ? "" : ", ").append(domain::ToString(scope));
  return names;
}

domain::Scopes ReadScopes(BodyReader& body) {
  domain::Scopes scopes;
  for (const auto& text : body.RequiredArray("scopes")) {  // each is JSON: a name in quotes, or no scope
    const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    const auto scope = is_quoted ? domain::ParseScope(std::string_view(text).substr(1, text.size() - 2)) : std::nullopt;
    if (scope) {
      scopes.Add(*scope);
    } else {
      body.Note("scopes", "wrong_value", "must be among " + NamesOfScopes() + "; has " + text);
    }
  }
  return scopes;
}

Result<Response> Issue(const MemberHandlers& handlers, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::IssueServiceToken command{*partner, body->RequiredString("name"), ReadScopes(*body), std::nullopt,
                                         AuthorOf(call)};
  if (const auto expiry = body->OptionalString("expiresAt")) {
    command.expires_at = domain::ParseRfc3339(*expiry);
    if (!command.expires_at) body->Note("expiresAt", "malformed_time", "must be an RFC 3339 date and time");
  }
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto issued = handlers.issue_token.Handle(std::move(command));
  if (!issued) return issued.error();
  JsonText json;
  json.BeginObject();
  json.Name("token").Text(issued->secret);
  WriteMembers(json, issued->token);
  json.EndObject();
  auto response = MakeJson(201, json.Take());
  response.headers.Add("Cache-Control", "no-store");
  return response;
}

Result<Response> List(const MemberHandlers& handlers, const Call& call) {
  const auto question = ReadPageQuestion(call);
  if (!question) return question.error();
  const auto found = application::FindServiceTokensOf(handlers.tokens, *question);
  if (!found) return found.error();
  return ShowPage(*found, WriteToken);
}

Result<Response> Revoke(const MemberHandlers& handlers, const Call& call) {
  const auto partner = domain::PartnerId::Parse(call.path_parameters[0]);
  const auto token = domain::ServiceTokenId::Parse(call.path_parameters[1]);
  if (!partner || !token) return Error{ErrorKind::kNotFound, "There is no such token."};
  const auto now = handlers.clock.Now();
  application::AuditEntry entry{*partner, AuthorOf(call), "service_token.revoked", ""};
  entry.target_id = token->value;
  entry.before = {{"revokedAt", {}}};
  entry.after = {{"revokedAt", domain::FormatRfc3339(now)}};
  const auto revoked = handlers.tokens.Revoke(*partner, *token, now, std::move(entry));
  if (!revoked) return revoked.error();
  (void)handlers.directory.Refresh();  // refused here at once; the others hear of it by polling
  return Response{204, {}, ""};
}

}  // namespace

void AddServiceTokenRoutes(GuardedRoutes& routes, const MemberHandlers& handlers) {
  using enum Access::Owner;
  constexpr std::string_view kTokens = "/api/partners/{id}/tokens";
  // For people alone: a token that made tokens could give itself every scope.
  const auto admins = Access::PartnerAdmin(kPartner);
  routes.Add("POST", kTokens, admins, [handlers](const Call& call) { return Issue(handlers, call); });
  routes.Add("GET", kTokens, admins, [handlers](const Call& call) { return List(handlers, call); });
  routes.Add("DELETE", "/api/partners/{id}/tokens/{tokenId}", admins,
             [handlers](const Call& call) { return Revoke(handlers, call); });
}

}  // namespace volcanion::api
