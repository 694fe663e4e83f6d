#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <filesystem>
#include <string>

namespace volcanion::cli {

struct PullOptions {
  std::filesystem::path folder;
  std::string partner;
  bool force = false;  ///< files that say something else are overwritten
};

/// `volcanion structure pull`: writes the structures of a partner into a folder, as `push` reads them: of each the
/// newest active version, or where none is active the newest draft. kConflict with every file that says something else,
/// and nothing is written then.
domain::Result<int> PullStructures(Remote& remote, const PullOptions& options);

}  // namespace volcanion::cli
