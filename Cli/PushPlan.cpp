#include "Cli/PushPlan.h"

#include "Api/Json/JsonText.h"
#include "Cli/JobCommands.h"

#include <algorithm>
#include <set>
#include <utility>

namespace volcanion::cli {
namespace {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Fault;
using domain::Result;

void WriteStructure(api::JsonText& json, const PlannedPush& planned) {
  json.Name("eventName").Text(planned.file.event_name);
  json.Name("schema").Raw(planned.file.schema);
  if (!planned.structure.system.empty()) json.Name("partnerSystemId").Text(planned.structure.system);
}

/// Plans one file after the other.
class Planner {
 public:
  Planner(Remote& remote, const PushOptions& options, const StructureVersions& versions)
      : remote_(remote), options_(options), versions_(versions) {}

  Result<Done> Plan(PlannedPush& planned) {
    if (auto found = FindStep(planned); !found || planned.step == PushStep::kNone) return found;
    api::JsonText json;
    json.BeginObject();
    WriteStructure(json, planned);
    json.EndObject();
    auto compared =
        remote_.api.Post("/api/partners/" + planned.structure.partner + "/structures/compatibility", json.Take());
    if (!compared) return std::move(compared).error();
    planned.comparison = std::move(compared->body);
    return options_.days == 0 ? Result<Done>(Done{}) : MeasureImpact(planned);
  }

 private:
  Result<Done> FindStep(PlannedPush& planned) {
    const auto wanted = WithoutBlanks(planned.file.schema);
    const auto says_the_same = [&](const ApiAnswer& version) {
      return WithoutBlanks(version.body.Raw("schema")) == wanted;
    };
    if (const auto active = versions_.Active(planned.structure)) {
      const auto version = remote_.api.Get(planned.structure.VersionPath(*active));
      if (!version) return version.error();
      if (says_the_same(*version)) {
        planned.step = PushStep::kNone;
        planned.version = *active;
        planned.state = "active";
        return Done{};
      }
    }
    const auto draft = versions_.Draft(planned.structure);
    if (!draft) return Done{};
    const auto version = remote_.api.Get(planned.structure.VersionPath(*draft));
    if (!version) return version.error();
    planned.version = *draft;
    planned.etag = version->etag;
    if (!says_the_same(*version)) {
      planned.step = PushStep::kChangeDraft;
    } else {
      planned.step = options_.activate ? PushStep::kActivateDraft : PushStep::kNone;
      planned.state = "draft";
    }
    return Done{};
  }

  /// By a schema in the request: a dry run leaves nothing behind but the job, which is forgotten by and by.
  Result<Done> MeasureImpact(PlannedPush& planned) {
    api::JsonText json;
    json.BeginObject();
    WriteStructure(json, planned);
    json.Name("days").Integer(options_.days);
    json.Name("sample").Integer(options_.sample);
    json.EndObject();
    const auto jobs = "/api/partners/" + planned.structure.partner;
    const auto queued = remote_.api.Post(jobs + "/structures/impact", json.Take());
    if (!queued) return queued.error();
    const auto job = jobs + "/jobs/" + queued->body.Text("jobId");
    const auto ended = AwaitJob(remote_, job, options_.patience);
    if (!ended) {
      (void)remote_.api.Delete(job);  // nobody waits for it any more
      return ended.error();
    }
    if (ended->Text("state") != "succeeded") {
      return Error{ErrorKind::kUnavailable, "The impact of " + planned.file.path + " is not known: the job " +
                                                ended->Text("jobId") + " has " + ended->Text("state") + ". " +
                                                ended->Text("error")};
    }
    planned.impact = ended->Object("result");
    return Done{};
  }

  Remote& remote_;
  const PushOptions& options_;
  const StructureVersions& versions_;
};

/// kInvalid with every folder that is named like no system.
Result<std::vector<PlannedPush>> Address(std::vector<StructureFile> files, const std::string& partner,
                                         const SystemNames& systems) {
  std::vector<PlannedPush> planned;
  std::vector<Fault> faults;
  for (auto& file : files) {
    PlannedPush push;
    push.structure = {partner, {}, file.event_name};
    if (!file.system.empty()) {
      if (auto id = systems.IdOf(file.system)) {
        push.structure.system = *std::move(id);
      } else {
        faults.push_back({"", "no_such_system", file.path + ": the partner has no system \"" + file.system + "\""});
      }
    }
    push.file = std::move(file);
    planned.push_back(std::move(push));
  }
  if (!faults.empty()) return Error{ErrorKind::kInvalid, "Folders are named like systems.", std::move(faults)};
  return planned;
}

std::vector<std::string> MissingFrom(const std::vector<PlannedPush>& files, const StructureVersions& versions,
                                     const SystemNames& systems) {
  std::set<std::string> missing;
  for (const auto& version : versions.all()) {
    const auto system = version.Text("partnerSystemId"), event_name = version.Text("eventName");
    if (version.Text("state") == "retired") continue;
    const bool is_there = std::any_of(files.begin(), files.end(), [&](const PlannedPush& push) {
      return push.structure.system == system && push.structure.event_name == event_name;
    });
    if (!is_there) missing.insert(StructurePath(system.empty() ? "" : systems.NameOf(system), event_name).string());
  }
  return {missing.begin(), missing.end()};
}

}  // namespace

Result<PushPlan> PlanPush(Remote& remote, const PushOptions& options) {
  auto files = ReadStructureFolder(options.folder);
  if (!files) return std::move(files).error();
  auto partner = FindPartner(remote, options.partner);
  if (!partner) return std::move(partner).error();
  const auto versions = StructureVersions::Read(remote, *partner);
  if (!versions) return versions.error();
  const bool has_folders =
      std::any_of(files->begin(), files->end(), [](const auto& file) { return !file.system.empty(); });
  const auto systems = SystemNames::Read(remote, *partner, has_folders || versions->HasSystems());
  if (!systems) return systems.error();
  auto addressed = Address(*std::move(files), *partner, *systems);
  if (!addressed) return std::move(addressed).error();

  PushPlan plan{*std::move(partner), *std::move(addressed), {}};
  Planner planner(remote, options, *versions);
  Error refused{ErrorKind::kMalformed, "Schemas are refused."};
  for (auto& planned : plan.files) {
    auto done = planner.Plan(planned);
    if (done) continue;
    auto& error = done.error();
    if (error.kind != ErrorKind::kMalformed || error.faults.empty()) return std::move(error);
    for (const auto& fault : error.faults) {
      refused.faults.push_back({"", fault.code, planned.file.path + " " + fault.pointer + ": " + fault.message});
    }
  }
  if (!refused.faults.empty()) return refused;
  plan.not_in_folder = MissingFrom(plan.files, *versions, *systems);
  return plan;
}

Result<SystemNames> SystemNames::Read(Remote& remote, const std::string& partner, bool is_needed) {
  if (!is_needed) return SystemNames();
  auto systems = remote.api.List("/api/partners/" + partner + "/systems");
  if (!systems) return std::move(systems).error();
  SystemNames read;
  read.systems_ = *std::move(systems);
  return read;
}

std::optional<std::string> SystemNames::IdOf(const std::string& id_or_name) const {
  for (const auto& system : systems_) {
    const auto id = system.Text("partnerSystemId");
    if (id == id_or_name || system.Text("name") == id_or_name) return id;
  }
  return std::nullopt;
}

std::string SystemNames::NameOf(const std::string& id) const {
  for (const auto& system : systems_) {
    if (system.Text("partnerSystemId") == id) return system.Text("name");
  }
  return id;
}

}  // namespace volcanion::cli
