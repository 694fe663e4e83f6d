#include "Cli/PersonCommands.h"

#include "Api/Json/JsonText.h"
#include "Cli/ExitStatus.h"
#include "Cli/PercentEncoding.h"
#include "Cli/PrintAnswer.h"
#include "Domain/Uuid.h"

#include <iostream>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

const std::vector<Column> kColumns = {{"PERSON ID", "personId"},
                                      {"E-MAIL", "email"},
                                      {"ACTIVE", "isActive"},
                                      {"PLATFORM ADMIN", "isPlatformAdmin"},
                                      {"CREATED", "createdAt"}};
const std::vector<Column> kMemberships = {
    {"PARTNER ID", "partnerId"}, {"PARTNER", "partnerName"}, {"ROLE", "role"}, {"STATE", "state"}};
const std::vector<Column> kCaller = {{"KIND", "kind"}, {"NAME", "name"}, {"PLATFORM ADMIN", "isPlatformAdmin"}};
const std::vector<Column> kCallersPart = {{"PARTNER ID", "partnerId"}, {"PARTNER", "partnerName"}, {"ROLE", "role"}};
const std::vector<Column> kService = {{"PARTNER ID", "partnerId"}, {"PARTNER", "partnerName"}, {"SCOPES", "scopes"}};

/// /api/people/{personId}
Result<std::string> PersonOf(Remote& remote, const std::string& person) {
  if (domain::Uuid::Parse(person)) return "/api/people/" + person;
  const auto found = remote.api.List("/api/people?email=" + UrlEncoded(person));
  if (!found) return found.error();
  if (found->empty()) return Error{ErrorKind::kNotFound, "There is nobody with the e-mail " + person + "."};
  return "/api/people/" + found->front().Text("personId");
}

Result<int> ShowOne(const Remote& remote, const Result<ApiAnswer>& answer) {
  auto shown = PrintAnswer(remote, answer, kColumns);
  if (!shown || remote.json) return shown;
  const auto memberships = answer->body.Objects("memberships");
  if (!memberships.empty()) PrintList(memberships, kMemberships, false);
  return shown;
}

}  // namespace

Result<int> WhoAmI(Remote& remote) {
  const auto answer = remote.api.Get("/api/auth/me");
  auto shown = PrintAnswer(remote, answer, kCaller);
  if (!shown || remote.json) return shown;
  const auto memberships = answer->body.Objects("memberships");
  if (!memberships.empty()) PrintList(memberships, kCallersPart, false);
  if (answer->body.Has("service")) PrintOne(answer->body.Object("service"), kService, false);
  return shown;
}

Result<int> ListPeople(Remote& remote, std::optional<bool> is_active) {
  const std::string filter = is_active ? std::string("?isActive=") + (*is_active ? "true" : "false") : "";
  return PrintAll(remote, "/api/people" + filter, kColumns);
}

Result<int> ShowPerson(Remote& remote, const std::string& person) {
  auto path = PersonOf(remote, person);
  if (!path) return std::move(path).error();
  return ShowOne(remote, remote.api.Get(*path));
}

Result<int> ChangePerson(Remote& remote, const std::string& person, bool is_active) {
  auto path = PersonOf(remote, person);
  if (!path) return std::move(path).error();
  api::JsonText json;
  json.BeginObject();
  json.Name("isActive").Boolean(is_active);
  json.EndObject();
  return ShowOne(remote, remote.api.Patch(*path, json.Take()));
}

}  // namespace volcanion::cli
