#pragma once

#include "Application/Ports/ManagementStore.h"
#include "Application/Ports/PeopleStore.h"
#include "Application/Queries/FindMembers.h"
#include "Domain/Result.h"

#include <optional>
#include <string>

namespace volcanion::application {

/// Who is known, to whatever partners? A page of them, by e-mail.
struct FindPeople {
  PersonQuery query = {};  ///< without `after`
  std::optional<std::string> cursor = {};
};

/// Which administrators' tokens are good? A page of them.
struct FindAdminTokens {
  int limit = 100;
  std::optional<std::string> cursor = {};
};

/// Blocks. kInvalid for a limit that is not from 1 to 1,000 or a cursor of another question.
domain::Result<FoundPage<PersonRow>> FindPeopleOf(PeopleStore& store, FindPeople question);
domain::Result<FoundPage<AdminTokenRow>> FindAdminTokensOf(ManagementStore& store, const FindAdminTokens& question);

}  // namespace volcanion::application
