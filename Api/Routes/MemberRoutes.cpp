#include "Api/Routes/MemberRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/EntityTag.h"
#include "Api/Middleware/Problem.h"
#include "Api/Routes/MemberPage.h"

#include <optional>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using application::MemberRow;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

void WriteMember(JsonText& json, const MemberRow& member) {
  json.BeginObject();
  json.Name("memberId").Text(member.id.ToString());
  json.Name("email").Text(member.email);
  json.Name("role").Text(domain::ToString(member.role));
  json.Name("state").Text(member.accepted_at ? "active" : "invited");
  json.Name("invitedAt").Text(domain::FormatRfc3339(member.invited_at));
  json.Name("acceptedAt");
  member.accepted_at ? json.Text(domain::FormatRfc3339(*member.accepted_at)) : json.Null();
  json.EndObject();
}

Response ShowMember(const Call& call, int status, const MemberRow& member) {
  JsonText json;
  WriteMember(json, member);
  return Tagged(call.request, MakeJson(status, json.Take()), member.id.ToString(), member.revision());
}

/// A program that made admins could be more than its scopes say.
std::optional<Error> RefusalOf(const Call& call, domain::Role role) {
  if (role != domain::Role::kAdmin || !call.principal.service) return std::nullopt;
  return Error{ErrorKind::kForbidden, "Who is an admin is for people to say, not for programs."};
}

domain::Role ReadRole(BodyReader& body) {
  const auto text = body.RequiredString("role");
  const auto role = domain::ParseRole(text);
  if (!text.empty() && !role) body.Note("role", "wrong_value", "must be analyst or admin");
  return role.value_or(domain::Role::kAnalyst);
}

Result<Response> Invite(const MemberHandlers& handlers, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  const auto text = body->RequiredString("email");
  const auto role = ReadRole(*body);
  const auto email = domain::Email::Parse(text);
  if (!text.empty() && !email) {
    const auto& fault = email.error().faults.front();
    body->Note("email", fault.code, fault.message);
  }
  if (auto read = body->Finish(); !read) return std::move(read).error();
  if (!email) return email.error();
  if (auto refusal = RefusalOf(call, role)) return *std::move(refusal);
  const auto invited = handlers.invite.Handle({*partner, *email, role, AuthorOf(call)});
  if (!invited) return invited.error();
  return ShowMember(call, 201, *invited);
}

Result<Response> List(const MemberHandlers& handlers, const Call& call) {
  const auto question = ReadPageQuestion(call);
  if (!question) return question.error();
  const auto found = application::FindMembersOf(handlers.people, *question);
  if (!found) return found.error();
  return ShowPage(*found, WriteMember);
}

/// What the path of one member names.
struct MemberPath {
  domain::PartnerId partner;
  domain::MembershipId member;
};

Result<MemberPath> MemberPathOf(const Call& call) {
  const auto partner = domain::PartnerId::Parse(call.path_parameters[0]);
  const auto member = domain::MembershipId::Parse(call.path_parameters[1]);
  if (!partner || !member) return Error{ErrorKind::kNotFound, "There is no such member."};
  return MemberPath{*partner, *member};
}

/// Who looks after all partners may leave one without an admin. A program that could remove admins could leave a
/// partner to the one of its choice.
application::MemberGuard GuardOf(const Call& call, domain::MembershipId member) {
  return {ReadIfMatch(call.request.headers, member.ToString()), !call.principal.is_platform_admin,
          call.principal.service.has_value()};
}

Result<Response> Get(const MemberHandlers& handlers, const Call& call) {
  const auto path = MemberPathOf(call);
  if (!path) return path.error();
  const auto member = handlers.people.GetMember(path->partner, path->member);
  if (!member) return member.error();
  return ShowMember(call, 200, *member);
}

Result<Response> Change(const MemberHandlers& handlers, const Call& call) {
  const auto path = MemberPathOf(call);
  if (!path) return path.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  const auto role = ReadRole(*body);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  if (auto refusal = RefusalOf(call, role)) return *std::move(refusal);
  const auto changed = handlers.people.ChangeRole(path->partner, path->member, role, GuardOf(call, path->member),
                                                  {path->partner, AuthorOf(call), "member.changed", ""});
  if (!changed) return changed.error();
  (void)handlers.directory.Refresh();  // in force here at once; the others hear of it by polling
  return ShowMember(call, 200, *changed);
}

Result<Response> Remove(const MemberHandlers& handlers, const Call& call) {
  const auto path = MemberPathOf(call);
  if (!path) return path.error();
  const auto removed = handlers.people.RemoveMember(path->partner, path->member, GuardOf(call, path->member),
                                                    {path->partner, AuthorOf(call), "member.removed", ""});
  if (!removed) return removed.error();
  (void)handlers.directory.Refresh();
  return Response{204, {}, ""};
}

}  // namespace

void AddMemberRoutes(GuardedRoutes& routes, const MemberHandlers& handlers) {
  using enum Access::Owner;
  using enum domain::Scope;
  constexpr std::string_view kMembers = "/api/partners/{id}/members";
  constexpr std::string_view kMember = "/api/partners/{id}/members/{memberId}";
  const auto writes = Access::PartnerAdmin(kPartner, kMembersWrite);
  routes.Add("POST", kMembers, writes, [handlers](const Call& call) { return Invite(handlers, call); });
  routes.Add("GET", kMembers, Access::PartnerAdmin(kPartner, kMembersRead),
             [handlers](const Call& call) { return List(handlers, call); });
  routes.Add("GET", kMember, Access::PartnerAdmin(kPartner, kMembersRead),
             [handlers](const Call& call) { return Get(handlers, call); });
  routes.Add("PATCH", kMember, writes, [handlers](const Call& call) { return Change(handlers, call); });
  routes.Add("DELETE", kMember, writes, [handlers](const Call& call) { return Remove(handlers, call); });
}

}  // namespace volcanion::api
