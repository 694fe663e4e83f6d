#pragma once

#include "Cli/PushPlan.h"

namespace volcanion::cli {

/// `volcanion structure push`: makes what a partner has say what the files of a folder say. Tells of each file what
/// changes, what that breaks, and what it would make of stored events. Publishes nothing in a dry run, and nothing at
/// all when a file breaks compatibility without a reason: kBreaking then. Done again, it changes nothing. Structures
/// without a file stay as they are.
domain::Result<int> PushStructures(Remote& remote, const PushOptions& options);

}  // namespace volcanion::cli
