#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::cli {

// `volcanion partner ...`. Each returns the exit status, or why it could not be done.

struct PartnerFields {
  std::optional<std::string> name, compatibility;
  std::optional<bool> is_active;
};

domain::Result<int> ListPartners(Remote& remote, std::optional<bool> is_active);
domain::Result<int> CreatePartner(Remote& remote, const PartnerFields& fields);
domain::Result<int> ShowPartner(Remote& remote, const std::string& partner);
/// What the fields do not give stays as it is.
domain::Result<int> ChangePartner(Remote& remote, const std::string& partner, const PartnerFields& fields);

}  // namespace volcanion::cli
