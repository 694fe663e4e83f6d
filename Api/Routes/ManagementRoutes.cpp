#include "Api/Routes/ManagementRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/RunBlocking.h"

#include <memory>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

/// What a route answers when all goes well.
using Answered = Result<Response>;

constexpr std::size_t kMaxDocuments = 1'000;

template <typename Id>
Result<Id> PathId(const Call& call, const char* what) {
  if (const auto id = Id::Parse(call.path_parameters[0])) return *id;
  return Error{ErrorKind::kNotFound, std::string("There is no such ") + what + "."};
}

Answered CreatePartner(application::CreatePartnerHandler& handler, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::CreatePartner command{body->RequiredString("name")};
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto partner = handler.Handle(std::move(command));
  if (!partner) return partner.error();
  JsonText json;
  json.BeginObject();
  json.Name("partnerId").Text(partner->id().ToString());
  json.Name("name").Text(partner->name());
  json.Name("createdAt").Text(domain::FormatRfc3339(partner->created_at()));
  json.EndObject();
  return MakeJson(201, json.Take());
}

Answered RegisterSystem(application::RegisterPartnerSystemHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::RegisterPartnerSystem command{*partner, body->RequiredString("name")};
  if (const auto policy = body->OptionalString("invalidEvents")) {
    const auto parsed = domain::ParseInvalidEventPolicy(*policy);
    if (!parsed) body->Note("invalidEvents", "wrong_value", "must be observe, flag or reject");
    command.invalid_events = parsed.value_or(command.invalid_events);
  }
  if (auto limit = body->OptionalObject("rateLimit")) {
    command.rate_limit = domain::RateLimit{limit->RequiredInteger("eventsPerSecond"), limit->RequiredInteger("burst")};
    body->Adopt("rateLimit", limit->Finish());
  }
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto system = handler.Handle(std::move(command));
  if (!system) return system.error();
  JsonText json;
  json.BeginObject();
  json.Name("partnerSystemId").Text(system->id().ToString());
  json.Name("partnerId").Text(system->partner().ToString());
  json.Name("name").Text(system->name());
  json.Name("invalidEvents").Text(domain::ToString(system->invalid_events()));
  json.Name("rateLimit");
  if (const auto limit = system->rate_limit()) {
    json.BeginObject();
    json.Name("eventsPerSecond").Integer(limit->events_per_second);
    json.Name("burst").Integer(limit->burst);
    json.EndObject();
  } else {
    json.Null();
  }
  json.Name("createdAt").Text(domain::FormatRfc3339(system->created_at()));
  json.EndObject();
  return MakeJson(201, json.Take());
}

Answered IssueKey(application::IssueApiKeyHandler& handler, const Call& call) {
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

Answered PublishStructure(application::PublishStructureHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::PublishStructure command{*partner, body->RequiredString("eventName"),
                                        std::string(body->RequiredJson("schema"))};
  if (const auto state = body->OptionalString("state")) {
    const auto parsed = domain::ParseStructureState(*state);
    if (!parsed || *parsed == domain::StructureState::kRetired) {
      body->Note("state", "wrong_value", "must be draft or active");
    }
    command.state = parsed.value_or(command.state);
  }
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto published = handler.Handle(std::move(command));
  if (!published) return published.error();
  const auto& structure = published->structure;
  JsonText json;
  json.BeginObject();
  json.Name("structureId").Text(structure.id().ToString());
  json.Name("partnerId").Text(structure.partner().ToString());
  json.Name("eventName").Text(structure.event_name());
  json.Name("version").Integer(published->version);
  json.Name("state").Text(domain::ToString(structure.state()));
  json.Name("schema").Raw(structure.schema());
  json.Name("createdAt").Text(domain::FormatRfc3339(structure.created_at()));
  json.EndObject();
  return MakeJson(201, json.Take());
}

Answered ValidateDocuments(application::ValidateDocumentsHandler& handler, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  const application::ValidateDocuments query{std::string(body->RequiredJson("schema")),
                                             body->RequiredArray("documents")};
  if (query.documents.size() > kMaxDocuments) {
    body->Note("documents", "out_of_range", "must hold at most " + std::to_string(kMaxDocuments) + " documents");
  }
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto judged = handler.Handle(query);
  if (!judged) return judged.error();
  JsonText json;
  json.BeginObject();
  json.Name("results").BeginArray();
  for (const auto& verdict : *judged) {
    json.BeginObject();
    json.Name("isValid").Boolean(verdict.is_valid());
    json.Name("verdict").Text(domain::ToString(verdict.outcome));
    json.Name("validationErrors");
    WriteViolations(json, verdict.violations);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return MakeJson(200, json.Take());
}

}  // namespace

void AddManagementRoutes(Router& router, Authentication& authentication, BlockingPool& blocking,
                         const ManagementHandlers& handlers) {
  const auto add = [&](std::string_view pattern, auto& handler, auto handle) {
    router.Add("POST", pattern, [&authentication, &blocking, &handler, handle](Call call) {
      if (!IsJson(call.request.headers)) return call.answer.SendProblem(415, "Send the body as application/json.");
      authentication.RequireAdmin(std::move(call), [&blocking, &handler, handle](Call known) {
        RunBlocking(blocking, std::move(known), [&handler, handle](Call& running) {
          auto answered = handle(handler, running);
          answered ? running.answer.Send(*std::move(answered)) : running.answer.SendProblem(answered.error());
        });
      });
    });
  };
  add("/api/partners", handlers.create_partner, CreatePartner);
  add("/api/partners/{id}/systems", handlers.register_system, RegisterSystem);
  add("/api/systems/{id}/keys", handlers.issue_key, IssueKey);
  add("/api/partners/{id}/structures", handlers.publish_structure, PublishStructure);
  add("/api/structures/validate", handlers.validate_documents, ValidateDocuments);
}

}  // namespace volcanion::api
