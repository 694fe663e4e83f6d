#pragma once

#include "Application/Ports/PeopleStore.h"
#include "Application/Ports/ServiceTokenStore.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Who is a member of a partner, or invited? Which tokens have its programs? A page of them.
struct FindMembers {
  domain::PartnerId partner;
  int limit = 100;
  std::optional<std::string> cursor = {};
};

template <typename Item>
struct FoundPage {
  std::vector<Item> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
};

/// Blocks. kInvalid for a limit that is not from 1 to 1,000 or a cursor of another question, kNotFound without the
/// partner.
domain::Result<FoundPage<MemberRow>> FindMembersOf(PeopleStore& store, const FindMembers& question);
domain::Result<FoundPage<domain::ServiceToken>> FindServiceTokensOf(ServiceTokenStore& store,
                                                                    const FindMembers& question);

}  // namespace volcanion::application
