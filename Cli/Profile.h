#pragma once

#include "Domain/Result.h"

#include <map>
#include <string>

namespace volcanion::cli {

/// Which server is asked, and as whom.
struct Profile {
  std::string url = "http://127.0.0.1:8080";  ///< without a slash at its end
  std::string token;
  std::string partner;  ///< the id of the one that is meant where none is named; may be empty
};

/// Reads a profile: NAME=value lines with VOLCANION_URL, VOLCANION_TOKEN (or VOLCANION_ADMIN_TOKEN) and
/// VOLCANION_PARTNER_ID; what else demo.env holds is taken for nothing. `environment` holds the same names and goes
/// before the file. Which file: `given`, else VOLCANION_PROFILE, else volcanion/profile in $XDG_CONFIG_HOME or
/// ~/.config, which may be missing. kInvalid with every mistake: a file that cannot be read, or that others than its
/// owner can read, unknown names, no token, an address that is none.
domain::Result<Profile> LoadProfile(const std::string& given, const std::map<std::string, std::string>& environment);

}  // namespace volcanion::cli
