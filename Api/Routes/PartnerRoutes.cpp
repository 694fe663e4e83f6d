#include "Api/Routes/PartnerRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/EntityTag.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"

#include <string>
#include <utility>
#include <vector>

namespace volcanion::api {
namespace {

using domain::Result;

void WritePartner(JsonText& json, const domain::Partner& partner) {
  json.BeginObject();
  json.Name("partnerId").Text(partner.id().ToString());
  json.Name("name").Text(partner.name());
  json.Name("isActive").Boolean(partner.is_active());
  json.Name("compatibility").Text(domain::ToString(partner.compatibility()));
  json.Name("createdAt").Text(domain::FormatRfc3339(partner.created_at()));
  json.EndObject();
}

Response PartnerJson(const Call& call, int status, const domain::Partner& partner) {
  JsonText json;
  WritePartner(json, partner);
  return Tagged(call.request, MakeJson(status, json.Take()), partner.id().ToString(), partner.revision());
}

std::optional<domain::Compatibility> ReadCompatibility(BodyReader& body) {
  const auto text = body.OptionalString("compatibility");
  const auto compatibility = text ? domain::ParseCompatibility(*text) : std::nullopt;
  if (text && !compatibility) body.Note("compatibility", "wrong_value", "must be backward, forward, full or none");
  return compatibility;
}

Result<Response> Create(application::CreatePartnerHandler& handler, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::CreatePartner command{body->RequiredString("name")};
  command.compatibility = ReadCompatibility(*body).value_or(command.compatibility);
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto partner = handler.Handle(std::move(command));
  if (!partner) return partner.error();
  return PartnerJson(call, 201, *partner);
}

/// Those that a caller may see; nothing: all.
std::optional<std::vector<domain::PartnerId>> PartnersOf(const application::Principal& principal) {
  if (principal.is_platform_admin) return std::nullopt;
  std::vector<domain::PartnerId> partners;
  for (const auto& membership : principal.memberships) partners.push_back(membership.partner);
  if (principal.service) partners.push_back(principal.service->partner);
  return partners;
}

Result<Response> List(application::FindPartnersHandler& handler, const Call& call) {
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  application::FindPartners question;
  question.query.among = PartnersOf(call.principal);
  question.query.name = query->Text("name");
  question.query.is_active = query->Boolean("isActive");
  question.query.limit = query->Integer("limit", question.query.limit);
  question.cursor = query->Text("cursor");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  const auto found = handler.Handle(std::move(question));
  if (!found) return found.error();
  return PageJson(found->items, found->next_cursor, WritePartner);
}

Result<Response> Get(application::ManagementStore& store, const Call& call) {
  const auto id = PathId<domain::PartnerId>(call, "partner");
  if (!id) return id.error();
  const auto partner = store.GetPartner(*id);
  if (!partner) return partner.error();
  return PartnerJson(call, 200, *partner);
}

Result<Response> Change(application::ChangePartnerHandler& handler, const Call& call) {
  const auto id = PathId<domain::PartnerId>(call, "partner");
  if (!id) return id.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::ChangePartner command{*id};
  command.change.name = body->OptionalString("name");
  command.change.is_active = body->OptionalBoolean("isActive");
  command.change.compatibility = ReadCompatibility(*body);
  command.expected_revisions = ReadIfMatch(call.request.headers, id->ToString());
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  if (command.change.is_active && !call.principal.is_platform_admin) {
    return domain::Error{domain::ErrorKind::kForbidden, "Whether a partner is active is for a platform admin to say."};
  }
  const auto partner = handler.Handle(command);
  if (!partner) return partner.error();
  return PartnerJson(call, 200, *partner);
}

}  // namespace

void AddPartnerRoutes(GuardedRoutes& routes, const PartnerHandlers& handlers) {
  using enum Access::Owner;
  using enum domain::Scope;
  routes.Add("POST", "/api/partners", Access::PlatformAdmin(),
             [handlers](const Call& call) { return Create(handlers.create, call); });
  routes.Add("GET", "/api/partners", Access::Principal(kPartnersRead),
             [handlers](const Call& call) { return List(handlers.find, call); });
  routes.Add("GET", "/api/partners/{id}", Access::Member(kPartner, kPartnersRead),
             [handlers](const Call& call) { return Get(handlers.store, call); });
  routes.Add("PATCH", "/api/partners/{id}", Access::PartnerAdmin(kPartner, kPartnersWrite),
             [handlers](const Call& call) { return Change(handlers.change, call); });
}

}  // namespace volcanion::api
