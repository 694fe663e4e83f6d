#include "Cli/SystemCommands.h"

#include "Api/Json/JsonText.h"
#include "Cli/PrintAnswer.h"

#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

const std::vector<Column> kColumns = {{"SYSTEM ID", "partnerSystemId"}, {"NAME", "name"},
                                      {"ACTIVE", "isActive"},           {"INVALID EVENTS", "invalidEvents"},
                                      {"RATE LIMIT", "rateLimit"},      {"CREATED", "createdAt"}};

std::optional<int> NumberIn(std::string_view text) {
  int number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
  return number;
}

/// False when it is no rate limit.
bool WriteRateLimit(api::JsonText& json, const std::string& text) {
  json.Name("rateLimit");
  if (text == "none") {
    json.Null();
    return true;
  }
  const auto colon = text.find(':');
  if (colon == std::string::npos) return false;
  const auto rate = NumberIn(std::string_view(text).substr(0, colon));
  const auto burst = NumberIn(std::string_view(text).substr(colon + 1));
  if (!rate || !burst) return false;
  json.BeginObject();
  json.Name("eventsPerSecond").Integer(*rate);
  json.Name("burst").Integer(*burst);
  json.EndObject();
  return true;
}

Result<std::string> BodyOf(const SystemFields& fields) {
  api::JsonText json;
  json.BeginObject();
  if (fields.name) json.Name("name").Text(*fields.name);
  if (fields.invalid_events) json.Name("invalidEvents").Text(*fields.invalid_events);
  if (fields.is_active) json.Name("isActive").Boolean(*fields.is_active);
  if (fields.rate_limit && !WriteRateLimit(json, *fields.rate_limit)) {
    return Error{ErrorKind::kInvalid, "--rate-limit must be EVENTS_PER_SECOND:BURST, such as 100:200, or none."};
  }
  json.EndObject();
  return json.Take();
}

}  // namespace

Result<int> ListSystems(Remote& remote, const std::string& partner, std::optional<bool> is_active) {
  auto id = FindPartner(remote, partner);
  if (!id) return std::move(id).error();
  const std::string filter = is_active ? std::string("?isActive=") + (*is_active ? "true" : "false") : "";
  return PrintAll(remote, "/api/partners/" + *id + "/systems" + filter, kColumns);
}

Result<int> CreateSystem(Remote& remote, const std::string& partner, const SystemFields& fields) {
  const auto body = BodyOf(fields);
  if (!body) return body.error();
  auto id = FindPartner(remote, partner);
  if (!id) return std::move(id).error();
  return PrintAnswer(remote, remote.api.Post("/api/partners/" + *id + "/systems", *body), kColumns);
}

Result<int> ShowSystem(Remote& remote, const SystemAddress& address) {
  auto id = FindSystem(remote, address.partner, address.system);
  if (!id) return std::move(id).error();
  return PrintAnswer(remote, remote.api.Get("/api/systems/" + *id), kColumns);
}

Result<int> ChangeSystem(Remote& remote, const SystemAddress& address, const SystemFields& fields) {
  if (!fields.name && !fields.invalid_events && !fields.rate_limit && !fields.is_active) {
    return Error{ErrorKind::kInvalid, "What is to change? See --help."};
  }
  const auto body = BodyOf(fields);
  if (!body) return body.error();
  auto id = FindSystem(remote, address.partner, address.system);
  if (!id) return std::move(id).error();
  return PrintAnswer(remote, remote.api.Patch("/api/systems/" + *id, *body), kColumns);
}

}  // namespace volcanion::cli
