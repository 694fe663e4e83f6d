#pragma once

#include "Cli/ApiClient.h"
#include "Domain/Result.h"

#include <string>

namespace volcanion::cli {

/// What a command that asks a server works with.
struct Remote {
  ApiClient& api;
  bool json;            ///< for programs, not for people
  std::string partner;  ///< see Profile
};

/// The id of a partner: of the one with this id or name; without one, of the profile's partner or the only one that the
/// token may see. kInvalid when none is named and there are several.
domain::Result<std::string> FindPartner(Remote& remote, const std::string& id_or_name);

/// The id of a system: the one with this id, or of this name in that partner.
domain::Result<std::string> FindSystem(Remote& remote, const std::string& partner, const std::string& id_or_name);

}  // namespace volcanion::cli
