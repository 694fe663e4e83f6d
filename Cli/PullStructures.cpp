#include "Cli/PullStructures.h"

#include "Api/Json/JsonText.h"
#include "Cli/ExitStatus.h"
#include "Cli/PushPlan.h"
#include "Cli/Table.h"

#include <iostream>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

namespace fs = std::filesystem;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

/// A version, and where it belongs.
struct Pulled {
  fs::path path;  ///< within the folder
  JsonObject version;
  bool is_unchanged = false;  ///< the file says the same
};

std::vector<StructureAddress> StructuresIn(const StructureVersions& versions, const std::string& partner) {
  std::set<std::pair<std::string, std::string>> seen;
  std::vector<StructureAddress> structures;
  for (const auto& version : versions.all()) {
    StructureAddress structure{partner, version.Text("partnerSystemId"), version.Text("eventName")};
    if (seen.emplace(structure.system, structure.event_name).second) structures.push_back(std::move(structure));
  }
  return structures;
}

void WriteReport(api::JsonText& json, const Pulled& pulled) {
  json.BeginObject();
  json.Name("file").Text(pulled.path.string());
  json.Name("eventName").Text(pulled.version.Text("eventName"));
  json.Name("version").Integer(pulled.version.Integer("version"));
  json.Name("state").Text(pulled.version.Text("state"));
  json.Name("isUnchanged").Boolean(pulled.is_unchanged);
  json.EndObject();
}

void Tell(const Remote& remote, const std::vector<Pulled>& all) {
  if (!remote.json) {
    for (const auto& pulled : all) {
      std::cout << Printable(pulled.path.string()) << ": " << (pulled.is_unchanged ? "unchanged" : "written")
                << " (version " << pulled.version.Integer("version") << ", " << pulled.version.Text("state") << ")\n";
    }
    return;
  }
  api::JsonText json;
  json.BeginObject();
  json.Name("files").BeginArray();
  for (const auto& pulled : all) WriteReport(json, pulled);
  json.EndArray();
  json.EndObject();
  std::cout << json.Take() << "\n";
}

}  // namespace

Result<int> PullStructures(Remote& remote, const PullOptions& options) {
  auto partner = FindPartner(remote, options.partner);
  if (!partner) return std::move(partner).error();
  const auto versions = StructureVersions::Read(remote, *partner);
  if (!versions) return versions.error();
  const auto systems = SystemNames::Read(remote, *partner, versions->HasSystems());
  if (!systems) return systems.error();

  std::vector<Pulled> all;
  Error differing{ErrorKind::kConflict, "Files say something else than the server; --force overwrites them."};
  for (const auto& structure : StructuresIn(*versions, *partner)) {
    auto number = versions->Active(structure);
    if (!number) number = versions->Draft(structure);
    if (!number) continue;  // all retired
    auto version = remote.api.Get(structure.VersionPath(*number));
    if (!version) return std::move(version).error();
    Pulled pulled{
        StructurePath(structure.system.empty() ? "" : systems->NameOf(structure.system), structure.event_name),
        std::move(version->body)};
    const auto file = options.folder / pulled.path;
    if (std::error_code ignored; fs::exists(file, ignored)) {
      const auto text = ReadJsonFile(file);
      pulled.is_unchanged = text && WithoutBlanks(*text) == WithoutBlanks(pulled.version.Raw("schema"));
      if (!pulled.is_unchanged) differing.faults.push_back({"", "differs", file.string()});
    }
    all.push_back(std::move(pulled));
  }
  if (!differing.faults.empty() && !options.force) return differing;
  for (const auto& pulled : all) {
    if (!pulled.is_unchanged) WriteJsonFile(options.folder / pulled.path, pulled.version.Raw("schema"));
  }
  Tell(remote, all);
  return kSucceeded;
}

}  // namespace volcanion::cli
