#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <functional>

namespace CLI {
class App;
}

namespace volcanion::cli {

using RemoteCommand = std::function<domain::Result<int>(Remote&)>;

/// Adds a command that asks a server, with --profile and --json. When it is called, `status` becomes the exit status
/// (ExitStatus.h); why it could not be done is told on stderr.
CLI::App* AddRemoteCommand(CLI::App& noun, const char* name, const char* what, int& status, RemoteCommand command);

/// whoami, and the nouns: partner, system, key, member, person, token, audit, events.
void AddManagementCommands(CLI::App& app, int& status);
/// The nouns: structure, job.
void AddStructureCommands(CLI::App& app, int& status);

}  // namespace volcanion::cli
