#pragma once

#include "Cli/Remote.h"
#include "Cli/StructureFolder.h"
#include "Cli/StructureVersions.h"
#include "Domain/Result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::cli {

struct PushOptions {
  std::filesystem::path folder;
  std::string partner;
  bool dry_run = false;
  bool activate = false;  ///< what is published becomes active, not a draft
  std::string reason;     ///< why compatibility may be broken; empty: it may not
  int days = 7;           ///< of stored events that a change is tried on; 0: none
  std::int64_t sample = 100'000;
  std::chrono::seconds patience{120};  ///< with each job that tries a change
};

enum class PushStep { kNone, kNewVersion, kChangeDraft, kActivateDraft };

/// What is to be done about one file, and what that would do.
struct PlannedPush {
  StructureFile file;
  StructureAddress structure;
  PushStep step = PushStep::kNewVersion;
  std::int64_t version = 0;          ///< the one that says the same, or the draft; 0: none
  std::string state;                 ///< of the version that says the same
  std::string etag;                  ///< of the draft
  JsonObject comparison;             ///< as POST .../structures/compatibility answers; empty where nothing changes
  std::optional<JsonObject> impact;  ///< the result of the job; nothing where none was asked for

  bool BreaksCompatibility() const { return step != PushStep::kNone && !comparison.IsTrue("isCompatible"); }
};

struct PushPlan {
  std::string partner;
  std::vector<PlannedPush> files;
  std::vector<std::string> not_in_folder;  ///< files that structures of the server would have, if they had any
};

/// Compares a folder with what a partner has, and publishes nothing. A file that says the same as the newest active
/// version, but for blanks between tokens, changes nothing; so does one that says the same as a newer draft, unless
/// drafts are to be activated. A newer draft that says something else is changed, not followed by another one.
/// kInvalid for a folder that cannot be read or names systems that the partner does not have; kMalformed with every
/// schema that the server refuses.
domain::Result<PushPlan> PlanPush(Remote& remote, const PushOptions& options);

/// The partner's systems. Where nothing is a system's own they are not needed, nor is the right to see them.
class SystemNames {
 public:
  static domain::Result<SystemNames> Read(Remote& remote, const std::string& partner, bool is_needed);
  /// The id of the one with this id or name; nothing without one.
  std::optional<std::string> IdOf(const std::string& id_or_name) const;
  /// The name; the id itself where it is not known.
  std::string NameOf(const std::string& id) const;

 private:
  std::vector<JsonObject> systems_;
};

}  // namespace volcanion::cli
