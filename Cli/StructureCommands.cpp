#include "Cli/StructureCommands.h"

#include "Api/Json/JsonText.h"
#include "Cli/ErrorText.h"
#include "Cli/ExitStatus.h"
#include "Cli/PercentEncoding.h"
#include "Cli/PrintAnswer.h"
#include "Cli/StructureFolder.h"
#include "Cli/StructureVersions.h"
#include "Cli/Table.h"

#include <filesystem>
#include <iostream>
#include <utility>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

const std::vector<Column> kColumns = {
    {"EVENT NAME", "eventName"},   {"VERSION", "version"},          {"STATE", "state"},
    {"SYSTEM", "partnerSystemId"}, {"ACTIVE SINCE", "activatedAt"}, {"RETIRED", "retiredAt"}};

Result<StructureAddress> AddressOf(Remote& remote, const NamedStructure& named) {
  auto partner = FindPartner(remote, named.partner);
  if (!partner) return std::move(partner).error();
  StructureAddress address{*std::move(partner), {}, named.event_name};
  if (named.system.empty()) return address;
  auto system = FindSystem(remote, address.partner, named.system);
  if (!system) return std::move(system).error();
  address.system = *std::move(system);
  return address;
}

void PrintVersion(const Remote& remote, const JsonObject& version) {
  PrintOne(version, kColumns, remote.json);
  if (!remote.json) std::cout << "\n" << version.Raw("schema") << "\n";
}

}  // namespace

Result<int> ListStructures(Remote& remote, const StructureFilter& filter) {
  auto address = AddressOf(remote, {filter.partner, filter.system, filter.event_name});
  if (!address) return std::move(address).error();
  std::string query;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) query += (query.empty() ? "?" : "&") + std::string(name) + "=" + UrlEncoded(value);
  };
  add("partnerSystemId", address->system);
  add("eventName", filter.event_name);
  add("state", filter.state);
  const auto versions = StructureVersions::Read(remote, address->partner, query);
  if (!versions) return versions.error();
  PrintList(versions->all(), kColumns, remote.json);
  return kSucceeded;
}

Result<int> ShowStructure(Remote& remote, const NamedStructure& structure, std::optional<std::int64_t> version) {
  auto address = AddressOf(remote, structure);
  if (!address) return std::move(address).error();
  if (!version) {
    const auto versions =
        StructureVersions::Read(remote, address->partner, "?eventName=" + UrlEncoded(structure.event_name));
    if (!versions) return versions.error();
    version = versions->Active(*address);
    if (!version) version = versions->Draft(*address);
    if (!version) {
      return Error{ErrorKind::kNotFound, "No version of \"" + structure.event_name + "\" is active or a draft."};
    }
  }
  const auto found = remote.api.Get(address->VersionPath(*version));
  if (!found) return found.error();
  PrintVersion(remote, found->body);
  return kSucceeded;
}

Result<int> ValidateFiles(Remote& remote, const std::string& schema, const std::vector<std::string>& documents) {
  const auto schema_text = ReadJsonFile(schema);
  if (!schema_text) return schema_text.error();
  api::JsonText json;
  json.BeginObject();
  json.Name("schema").Raw(*schema_text);
  json.Name("documents").BeginArray();
  for (const auto& document : documents) {
    const auto text = ReadJsonFile(document);
    if (!text) return text.error();
    json.Raw(*text);
  }
  json.EndArray();
  json.EndObject();
  const auto answer = remote.api.Post("/api/structures/validate", json.Take());
  if (!answer) return answer.error();
  const auto results = answer->body.Objects("results");
  bool all_valid = results.size() == documents.size();
  for (const auto& result : results) all_valid = all_valid && result.IsTrue("isValid");
  if (remote.json) {
    std::cout << answer->body.text() << "\n";
    return all_valid ? kSucceeded : kFailed;
  }
  for (std::size_t i = 0; i < results.size() && i < documents.size(); ++i) {
    std::cout << documents[i] << ": " << Printable(results[i].Text("verdict")) << "\n";
    for (const auto& violation : results[i].Objects("validationErrors")) {
      std::cout << "  " << Printable(violation.Text("pointer")) << "  " << Printable(violation.Text("message")) << " ("
                << Printable(violation.Text("schemaPointer")) << ")\n";
    }
  }
  return all_valid ? kSucceeded : kFailed;
}

Result<int> MoveStructure(Remote& remote, const NamedStructure& structure, std::int64_t version,
                          const std::string& state, const std::string& reason) {
  auto address = AddressOf(remote, structure);
  if (!address) return std::move(address).error();
  api::JsonText json;
  json.BeginObject();
  json.Name("state").Text(state);
  if (!reason.empty()) {
    json.Name("override").BeginObject();
    json.Name("reason").Text(reason);
    json.EndObject();
  }
  json.EndObject();
  const auto changed = remote.api.Patch(address->VersionPath(version), json.Take());
  if (!changed && changed.error().kind == ErrorKind::kConflict && !changed.error().faults.empty()) {
    TellError(changed.error());  // each fault is a change that breaks compatibility
    return kBreaking;
  }
  return PrintAnswer(remote, changed, kColumns);
}

Result<int> ListUnknownEvents(Remote& remote, const std::string& partner) {
  auto id = FindPartner(remote, partner);
  if (!id) return std::move(id).error();
  return PrintAll(remote, "/api/partners/" + *id + "/unknown-events",
                  {{"EVENT NAME", "eventName"},
                   {"SYSTEM", "partnerSystemId"},
                   {"EVENTS", "count"},
                   {"FIRST SEEN", "firstSeen"},
                   {"LAST SEEN", "lastSeen"}});
}

Result<int> SuggestStructure(Remote& remote, const SuggestionWanted& wanted) {
  auto address = AddressOf(remote, wanted.of);
  if (!address) return std::move(address).error();
  if (!wanted.output.empty() && std::filesystem::exists(wanted.output)) {
    return Error{ErrorKind::kInvalid, wanted.output + " exists; remove it, or name another file."};
  }
  auto target = "/api/partners/" + address->partner + "/unknown-events/" + UrlEncoded(address->event_name) +
                "/suggestion?sample=" + std::to_string(wanted.sample);
  if (!address->system.empty()) target += "&partnerSystemId=" + address->system;
  const auto suggestion = remote.api.Get(target);
  if (!suggestion) return suggestion.error();
  const auto schema = suggestion->body.Raw("schema");
  if (!wanted.output.empty()) WriteJsonFile(wanted.output, schema);
  if (remote.json) {
    std::cout << suggestion->body.text() << "\n";
  } else if (wanted.output.empty()) {
    std::cout << schema << "\n";
  }
  std::cerr << "volcanion: from " << suggestion->body.Text("samples") << " events; read it before you publish it\n";
  return kSucceeded;
}

}  // namespace volcanion::cli
