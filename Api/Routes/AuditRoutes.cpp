#include "Api/Routes/AuditRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Result;

constexpr std::string_view kNdjson = "application/x-ndjson";

void WriteJsonOrNull(JsonText& json, const std::optional<std::string>& value) {
  value ? json.Raw(*value) : json.Null();
}

void WriteEntry(JsonText& json, const application::AuditRow& row) {
  json.BeginObject();
  json.Name("auditId").Text(std::to_string(row.id));
  json.Name("at").Text(domain::FormatRfc3339(row.at));
  json.Name("actor").Text(row.actor);
  json.Name("action").Text(row.action);
  json.Name("target").Text(row.target);
  json.Name("targetId");
  WriteOptional(json, row.target_id);
  json.Name("correlationId").Text(row.correlation_id);
  json.Name("clientAddress");
  row.client_address.empty() ? json.Null() : json.Text(row.client_address);
  json.Name("details").Raw(row.details);
  json.Name("before");
  WriteJsonOrNull(json, row.before);
  json.Name("after");
  WriteJsonOrNull(json, row.after);
  json.EndObject();
}

/// The same question with another cursor, as a reference that is relative to the path (RFC 8288, RFC 3986).
std::string LinkToNext(std::string_view query, const std::string& cursor) {
  std::string link = "<?";
  while (!query.empty()) {
    const auto parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    if (!parameter.empty() && !parameter.starts_with("cursor=")) link.append(parameter).append("&");
  }
  return link + "cursor=" + cursor + ">; rel=\"next\"";
}

Response Lines(const application::FoundAudit& found, std::string_view query) {
  std::string lines;
  for (const auto& row : found.items) {
    JsonText json;
    WriteEntry(json, row);
    lines.append(json.Take()).append("\n");
  }
  Response response{200, {}, std::move(lines)};
  response.headers.Add("Content-Type", std::string(kNdjson));
  if (found.next_cursor) response.headers.Add("Link", LinkToNext(query, *found.next_cursor));
  return response;
}

Result<Response> Read(application::ReadAuditHandler& handler, const Call& call) {
  const auto id = PathId<domain::PartnerId>(call, "partner");
  if (!id) return id.error();
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  application::ReadAudit question{{*id}};
  auto& query = question.query;
  query.actor = parameters->Text("actor");
  query.action = parameters->Text("action");
  query.target = parameters->Text("target");
  query.from = parameters->Time("from");
  query.to = parameters->Time("to");
  query.limit = parameters->Integer("limit", query.limit);
  question.cursor = parameters->Text("cursor");
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  const auto found = handler.Handle(std::move(question));
  if (!found) return found.error();
  auto response = Accepts(call.request.headers, kNdjson) ? Lines(*found, call.request.query)
                                                         : PageJson(found->items, found->next_cursor, WriteEntry);
  response.headers.Add("Vary", "Accept");
  return response;
}

}  // namespace

void AddAuditRoutes(GuardedRoutes& routes, application::ReadAuditHandler& read) {
  routes.Add("GET", "/api/partners/{id}/audit",
             Access::PartnerAdmin(Access::Owner::kPartner, domain::Scope::kAuditRead),
             [&read](const Call& call) { return Read(read, call); });
}

}  // namespace volcanion::api
