#include "Cli/PartnerCommands.h"

#include "Api/Json/JsonText.h"
#include "Cli/PrintAnswer.h"

#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

using domain::Result;

const std::vector<Column> kColumns = {{"PARTNER ID", "partnerId"},
                                      {"NAME", "name"},
                                      {"ACTIVE", "isActive"},
                                      {"COMPATIBILITY", "compatibility"},
                                      {"CREATED", "createdAt"}};

std::string BodyOf(const PartnerFields& fields) {
  api::JsonText json;
  json.BeginObject();
  if (fields.name) json.Name("name").Text(*fields.name);
  if (fields.compatibility) json.Name("compatibility").Text(*fields.compatibility);
  if (fields.is_active) json.Name("isActive").Boolean(*fields.is_active);
  json.EndObject();
  return json.Take();
}

}  // namespace

Result<int> ListPartners(Remote& remote, std::optional<bool> is_active) {
  const std::string filter = is_active ? std::string("?isActive=") + (*is_active ? "true" : "false") : "";
  return PrintAll(remote, "/api/partners" + filter, kColumns);
}

Result<int> CreatePartner(Remote& remote, const PartnerFields& fields) {
  return PrintAnswer(remote, remote.api.Post("/api/partners", BodyOf(fields)), kColumns);
}

Result<int> ShowPartner(Remote& remote, const std::string& partner) {
  auto id = FindPartner(remote, partner);
  if (!id) return std::move(id).error();
  return PrintAnswer(remote, remote.api.Get("/api/partners/" + *id), kColumns);
}

Result<int> ChangePartner(Remote& remote, const std::string& partner, const PartnerFields& fields) {
  if (!fields.name && !fields.compatibility && !fields.is_active) {
    return domain::Error{domain::ErrorKind::kInvalid, "What is to change? See --help."};
  }
  auto id = FindPartner(remote, partner);
  if (!id) return std::move(id).error();
  return PrintAnswer(remote, remote.api.Patch("/api/partners/" + *id, BodyOf(fields)), kColumns);
}

}  // namespace volcanion::cli
