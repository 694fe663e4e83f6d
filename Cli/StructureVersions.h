#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::cli {

/// Which structure: the partner's own, or with the id of a system the one of that system.
struct StructureAddress {
  std::string partner;  ///< ids
  std::string system;   ///< empty: the partner's own
  std::string event_name;

  /// .../structures/{eventName}/versions/{version}, `action` behind it.
  std::string VersionPath(std::int64_t version, const std::string& action = {}) const;
};

/// The versions of a partner's structures, without their schemas, as they were when this was made.
class StructureVersions {
 public:
  static domain::Result<StructureVersions> Read(Remote& remote, const std::string& partner,
                                                const std::string& filter = {});

  const std::vector<JsonObject>& all() const { return versions_; }
  /// Whether one of them is a system's own.
  bool HasSystems() const;
  /// The newest version that is active; nothing: none is.
  std::optional<std::int64_t> Active(const StructureAddress& structure) const;
  /// The newest draft that is newer than that.
  std::optional<std::int64_t> Draft(const StructureAddress& structure) const;

 private:
  std::int64_t Newest(const StructureAddress& structure, const std::string& state) const;

  std::vector<JsonObject> versions_;
};

}  // namespace volcanion::cli
