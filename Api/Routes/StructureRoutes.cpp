#include "Api/Routes/StructureRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/EntityTag.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Routes/PageJson.h"
#include "Application/Utf8.h"

#include <charconv>
#include <string>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::EventStructure;
using domain::Result;
using domain::StructureHead;
using domain::StructureIdentity;
using domain::StructureState;

constexpr std::size_t kMaxDocuments = 1'000;

void WriteTime(JsonText& json, const std::optional<domain::Timestamp>& time) {
  time ? json.Text(domain::FormatRfc3339(*time)) : json.Null();
}

/// `schema` is left out of lists.
void WriteStructure(JsonText& json, const StructureHead& head, const std::string* schema) {
  json.Name("structureId").Text(head.id.ToString());
  json.Name("partnerId").Text(head.identity.partner.ToString());
  json.Name("partnerSystemId");
  head.identity.system ? json.Text(head.identity.system->ToString()) : json.Null();
  json.Name("eventName").Text(head.identity.event_name);
  json.Name("version").Integer(head.version);
  json.Name("state").Text(domain::ToString(head.state));
  if (schema != nullptr) json.Name("schema").Raw(*schema);
  json.Name("createdAt").Text(domain::FormatRfc3339(head.created_at));
  json.Name("activatedAt");
  WriteTime(json, head.activated_at);
  json.Name("retiredAt");
  WriteTime(json, head.retired_at);
}

/// What tells a version from all others, for its ETag.
std::string NameOf(const StructureIdentity& identity, int version) {
  return identity.partner.ToString() + (identity.system ? identity.system->ToString() : "") + std::to_string(version) +
         identity.event_name;
}

/// `incompatible` is left out where nothing was compared.
Response StructureJson(const Call& call, int status, const EventStructure& structure,
                       const std::vector<domain::Fault>* incompatible) {
  JsonText json;
  json.BeginObject();
  WriteStructure(json, structure.head(), &structure.schema());
  if (incompatible != nullptr) {
    json.Name("incompatibleChanges");
    WriteFaults(json, *incompatible);
  }
  json.EndObject();
  return Tagged(call.request, MakeJson(status, json.Take()), NameOf(structure.identity(), structure.version()),
                structure.head().revision);
}

std::optional<domain::PartnerSystemId> ReadSystem(BodyReader& body) {
  const auto text = body.OptionalString("partnerSystemId");
  const auto id = text ? domain::PartnerSystemId::Parse(*text) : std::nullopt;
  if (text && !id) body.Note("partnerSystemId", "wrong_value", "must be an id");
  return id;
}

std::optional<application::Override> ReadOverride(BodyReader& body) {
  auto object = body.OptionalObject("override");
  if (!object) return std::nullopt;
  application::Override given{object->RequiredString("reason")};
  body.Adopt("override", object->Finish());
  return given;
}

std::optional<StructureState> ReadState(BodyReader& body) {
  const auto text = body.OptionalString("state");
  const auto state = text ? domain::ParseStructureState(*text) : std::nullopt;
  if (text && !state) body.Note("state", "wrong_value", "must be draft, active or retired");
  return state;
}

Result<Response> Publish(application::PublishStructureHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::PublishStructure command{{*partner, body->RequiredString("eventName"), ReadSystem(*body)},
                                        std::string(body->RequiredJson("schema"))};
  command.state = ReadState(*body).value_or(command.state);
  command.override = ReadOverride(*body);
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto published = handler.Handle(std::move(command));
  if (!published) return published.error();
  return StructureJson(call, published->is_new ? 201 : 200, published->structure, &published->incompatible_changes);
}

Result<Response> Compare(application::CompareStructureHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  const application::CompareStructure question{{*partner, body->RequiredString("eventName"), ReadSystem(*body)},
                                               std::string(body->RequiredJson("schema"))};
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto compared = handler.Handle(question);
  if (!compared) return compared.error();
  JsonText json;
  json.BeginObject();
  json.Name("compatibility").Text(domain::ToString(compared->compatibility));
  json.Name("comparedWith");
  compared->compared_with ? json.Integer(*compared->compared_with) : json.Null();
  json.Name("isCompatible").Boolean(compared->changes.empty());
  json.Name("incompatibleChanges").BeginArray();
  for (const auto& change : compared->changes) {
    json.BeginObject();
    json.Name("breaks").Text(change.breaks == application::SchemaChange::Breaks::kBackward ? "backward" : "forward");
    json.Name("pointer").Text(change.pointer);
    json.Name("code").Text(change.code);
    json.Name("message").Text(change.message);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return MakeJson(200, json.Take());
}

Result<Response> List(application::FindStructuresHandler& handler, const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  application::FindStructures question{{*partner}, std::nullopt};
  auto& query = question.query;
  query.system = parameters->IdOf<domain::PartnerSystemId>("partnerSystemId");
  query.event_name = parameters->Text("eventName");
  if (const auto state = parameters->Text("state")) {
    query.state = domain::ParseStructureState(*state);
    if (!query.state) parameters->Note("state", "wrong_value", "must be draft, active or retired");
  }
  query.limit = parameters->Integer("limit", query.limit);
  question.cursor = parameters->Text("cursor");
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  const auto found = handler.Handle(std::move(question));
  if (!found) return found.error();
  return PageJson(found->items, found->next_cursor, [](JsonText& json, const auto& head) {
    json.BeginObject();
    WriteStructure(json, head, nullptr);
    json.EndObject();
  });
}

struct VersionAddress {
  StructureIdentity identity;
  int version = 0;
};

/// Of /api/partners/{id}/structures/{eventName}/versions/{version}?partnerSystemId=
Result<VersionAddress> AddressOf(const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  VersionAddress address{{*partner, call.path_parameters[1]}};
  address.identity.system = parameters->IdOf<domain::PartnerSystemId>("partnerSystemId");
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  const auto& digits = call.path_parameters[2];
  const auto end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, address.version);
  if (error != std::errc() || stopped != end || !application::IsUtf8(address.identity.event_name)) {
    return Error{ErrorKind::kNotFound, "There is no such version of this structure."};
  }
  return address;
}

Result<Response> Get(application::StructureStore& store, const Call& call) {
  const auto address = AddressOf(call);
  if (!address) return address.error();
  const auto structure = store.Get(address->identity, address->version);
  if (!structure) return structure.error();
  return StructureJson(call, 200, *structure, nullptr);
}

Result<Response> Change(application::ChangeStructureHandler& handler, const Call& call) {
  auto address = AddressOf(call);
  if (!address) return std::move(address).error();
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::ChangeStructure command{std::move(address->identity), address->version};
  if (body->Has("schema")) command.schema = std::string(body->RequiredJson("schema"));
  command.state = ReadState(*body);
  command.override = ReadOverride(*body);
  command.expected_revisions = ReadIfMatch(call.request.headers, NameOf(command.identity, command.version));
  command.author = AuthorOf(call);
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto changed = handler.Handle(std::move(command));
  if (!changed) return changed.error();
  return StructureJson(call, 200, changed->structure, &changed->incompatible_changes);
}

Result<Response> ValidateDocuments(application::ValidateDocumentsHandler& handler, const Call& call) {
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

void AddStructureRoutes(GuardedRoutes& reading, GuardedRoutes& compiling, const StructureHandlers& handlers) {
  using enum Access::Owner;
  using enum domain::Scope;
  const auto reads = Access::Member(kPartner, kStructuresRead);
  const auto writes = Access::PartnerAdmin(kPartner, kStructuresWrite);
  constexpr std::string_view kStructures = "/api/partners/{id}/structures";
  constexpr std::string_view kVersion = "/api/partners/{id}/structures/{eventName}/versions/{version}";
  compiling.Add("POST", kStructures, writes, [handlers](const Call& call) { return Publish(handlers.publish, call); });
  reading.Add("GET", kStructures, reads, [handlers](const Call& call) { return List(handlers.find, call); });
  compiling.Add("POST", "/api/partners/{id}/structures/compatibility", reads,
                [handlers](const Call& call) { return Compare(handlers.compare, call); });
  reading.Add("GET", kVersion, reads, [handlers](const Call& call) { return Get(handlers.store, call); });
  compiling.Add("PATCH", kVersion, writes, [handlers](const Call& call) { return Change(handlers.change, call); });
  compiling.Add("POST", "/api/structures/validate", Access::Principal(kStructuresRead),
                [handlers](const Call& call) { return ValidateDocuments(handlers.validate_documents, call); });
}

}  // namespace volcanion::api
