#pragma once

#include "Cli/People.h"
#include "Cli/Services.h"
#include "Domain/Result.h"
#include "Infrastructure/Config/Settings.h"

#include <cstdint>
#include <filesystem>

namespace volcanion::cli {

/// What a newcomer needs to send and read the first event.
struct Demo {
  std::filesystem::path env_file;
  std::string partner_system_id;
};

std::filesystem::path DemoFile(const infrastructure::Settings& settings);

/// Makes the demo's partners, systems, keys and structures, as far as they are missing, through the handlers of the
/// management API, and writes what clients need to `demo.env` in the data directory. What that file holds already stays
/// in force when the store still knows it. What is there stays as an admin has made it, under another name too. `port`
/// is the public listener's.
domain::Result<Demo> MakeDemo(const infrastructure::Settings& settings, Surroundings& around, Management& management,
                              People& people, std::uint16_t port);

}  // namespace volcanion::cli
