#include "Api/Routes/PartnerRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"

#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Result;

Response PartnerJson(int status, const domain::Partner& partner) {
  JsonText json;
  json.BeginObject();
  json.Name("partnerId").Text(partner.id().ToString());
  json.Name("name").Text(partner.name());
  json.Name("compatibility").Text(domain::ToString(partner.compatibility()));
  json.Name("createdAt").Text(domain::FormatRfc3339(partner.created_at()));
  json.EndObject();
  return MakeJson(status, json.Take());
}

Result<Response> Create(application::CreatePartnerHandler& handler, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::CreatePartner command{body->RequiredString("name")};
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto partner = handler.Handle(std::move(command));
  if (!partner) return partner.error();
  return PartnerJson(201, *partner);
}

Result<Response> Get(application::ManagementStore& store, const Call& call) {
  const auto id = PathId<domain::PartnerId>(call, "partner");
  if (!id) return id.error();
  const auto partner = store.GetPartner(*id);
  if (!partner) return partner.error();
  return PartnerJson(200, *partner);
}

Result<Response> Change(application::ChangePartnerHandler& handler, const Call& call) {
  const auto id = PathId<domain::PartnerId>(call, "partner");
  if (!id) return id.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  const auto text = body->RequiredString("compatibility");
  const auto compatibility = domain::ParseCompatibility(text);
  if (!text.empty() && !compatibility) {
    body->Note("compatibility", "wrong_value", "must be backward, forward, full or none");
  }
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto partner = handler.Handle({*id, *compatibility, AuthorOf(call)});
  if (!partner) return partner.error();
  return PartnerJson(200, *partner);
}

Result<Response> Audit(application::ReadAuditHandler& handler, const Call& call) {
  const auto id = PathId<domain::PartnerId>(call, "partner");
  if (!id) return id.error();
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  application::ReadAudit question{*id};
  question.limit = query->Integer("limit", question.limit);
  question.cursor = query->Text("cursor");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  JsonText json;
  json.BeginObject();
  json.Name("items").BeginArray();
  for (const auto& row : found->items) {
    json.BeginObject();
    json.Name("auditId").Text(std::to_string(row.id));
    json.Name("at").Text(domain::FormatRfc3339(row.at));
    json.Name("actor").Text(row.actor);
    json.Name("action").Text(row.action);
    json.Name("target").Text(row.target);
    json.Name("correlationId").Text(row.correlation_id);
    json.Name("details").Raw(row.details);
    json.EndObject();
  }
  json.EndArray();
  json.Name("nextCursor");
  WriteOptional(json, found->next_cursor);
  json.EndObject();
  return MakeJson(200, json.Take());
}

}  // namespace

void AddPartnerRoutes(GuardedRoutes& routes, const PartnerHandlers& handlers) {
  using enum Access::Owner;
  using enum domain::Scope;
  routes.Add("POST", "/api/partners", Access::PlatformAdmin(),
             [handlers](const Call& call) { return Create(handlers.create, call); });
  routes.Add("GET", "/api/partners/{id}", Access::Member(kPartner, kPartnersRead),
             [handlers](const Call& call) { return Get(handlers.store, call); });
  routes.Add("PATCH", "/api/partners/{id}", Access::PartnerAdmin(kPartner, kPartnersWrite),
             [handlers](const Call& call) { return Change(handlers.change, call); });
  routes.Add("GET", "/api/partners/{id}/audit", Access::PartnerAdmin(kPartner, kAuditRead),
             [handlers](const Call& call) { return Audit(handlers.read_audit, call); });
}

}  // namespace volcanion::api
