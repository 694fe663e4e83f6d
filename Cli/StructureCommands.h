#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::cli {

// `volcanion structure ...`, but for push and pull. Each returns the exit status, or why it could not be done. Partners
// and systems are named by id or name.

struct StructureFilter {
  std::string partner, system, event_name, state;  ///< empty: any
};

/// One structure, as people name it.
struct NamedStructure {
  std::string partner, system, event_name;
};

domain::Result<int> ListStructures(Remote& remote, const StructureFilter& filter);
/// Without a version: the newest active one; where none is active, the newest draft.
domain::Result<int> ShowStructure(Remote& remote, const NamedStructure& structure, std::optional<std::int64_t> version);
/// Each document is a file with one JSON value. kFailed when one of them is not valid.
domain::Result<int> ValidateFiles(Remote& remote, const std::string& schema, const std::vector<std::string>& documents);
/// To "active" or "retired". `reason`: breaks compatibility, which is kBreaking without one.
domain::Result<int> MoveStructure(Remote& remote, const NamedStructure& structure, std::int64_t version,
                                  const std::string& state, const std::string& reason);
domain::Result<int> ListUnknownEvents(Remote& remote, const std::string& partner);

struct SuggestionWanted {
  NamedStructure of;
  int sample = 1'000;
  std::string output;  ///< a file that is made; empty: stdout
};
domain::Result<int> SuggestStructure(Remote& remote, const SuggestionWanted& wanted);

}  // namespace volcanion::cli
