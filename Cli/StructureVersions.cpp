#include "Cli/StructureVersions.h"

#include "Cli/PercentEncoding.h"

#include <algorithm>
#include <utility>

namespace volcanion::cli {

using domain::Result;

std::string StructureAddress::VersionPath(std::int64_t version, const std::string& action) const {
  return "/api/partners/" + partner + "/structures/" + UrlEncoded(event_name) + "/versions/" + std::to_string(version) +
         action + (system.empty() ? "" : "?partnerSystemId=" + system);
}

Result<StructureVersions> StructureVersions::Read(Remote& remote, const std::string& partner,
                                                  const std::string& filter) {
  auto versions = remote.api.List("/api/partners/" + partner + "/structures" + filter);
  if (!versions) return std::move(versions).error();
  StructureVersions read;
  read.versions_ = *std::move(versions);
  return read;
}

bool StructureVersions::HasSystems() const {
  return std::any_of(versions_.begin(), versions_.end(),
                     [](const JsonObject& version) { return version.Has("partnerSystemId"); });
}

std::int64_t StructureVersions::Newest(const StructureAddress& structure, const std::string& state) const {
  std::int64_t newest = 0;
  for (const auto& version : versions_) {
    if (version.Text("eventName") == structure.event_name && version.Text("partnerSystemId") == structure.system &&
        version.Text("state") == state) {
      newest = std::max(newest, version.Integer("version"));
    }
  }
  return newest;
}

std::optional<std::int64_t> StructureVersions::Active(const StructureAddress& structure) const {
  const auto newest = Newest(structure, "active");
  return newest == 0 ? std::nullopt : std::optional(newest);
}

std::optional<std::int64_t> StructureVersions::Draft(const StructureAddress& structure) const {
  const auto newest = Newest(structure, "draft");
  return newest <= Active(structure).value_or(0) ? std::nullopt : std::optional(newest);
}

}  // namespace volcanion::cli
