#pragma once

#include "Application/Ports/ManagementStore.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Which partners are there? A page of them, the first made first.
struct FindPartners {
  PartnerQuery query;  ///< without `after`
  std::optional<std::string> cursor = {};
};

struct FoundPartners {
  std::vector<domain::Partner> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
};

class FindPartnersHandler {
 public:
  explicit FindPartnersHandler(ManagementStore& store) : store_(store) {}

  /// Blocks. kInvalid for a limit that is not from 1 to 1,000 or a cursor of another question; else as
  /// ManagementStore::ListPartners().
  domain::Result<FoundPartners> Handle(FindPartners question);

 private:
  ManagementStore& store_;
};

}  // namespace volcanion::application
