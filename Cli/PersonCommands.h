#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::cli {

// `volcanion whoami` and `volcanion person ...`: everybody who is known, for platform admins. Each returns the exit
// status, or why it could not be done. A person is named by id or by e-mail.

/// Whose token the command was given, and what it is good for.
domain::Result<int> WhoAmI(Remote& remote);

domain::Result<int> ListPeople(Remote& remote, std::optional<bool> is_active);
domain::Result<int> ShowPerson(Remote& remote, const std::string& person);
domain::Result<int> ChangePerson(Remote& remote, const std::string& person, bool is_active);

}  // namespace volcanion::cli
