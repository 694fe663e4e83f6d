#pragma once

#include "Application/Ports/ManagementStore.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Which systems does a partner have? A page of them, the first made first.
struct FindSystems {
  SystemQuery query;  ///< without `after`
  std::optional<std::string> cursor = {};
};

struct FoundSystems {
  std::vector<domain::PartnerSystem> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
};

class FindSystemsHandler {
 public:
  explicit FindSystemsHandler(ManagementStore& store) : store_(store) {}

  /// Blocks. kInvalid for a limit that is not from 1 to 1,000 or a cursor of another question; else as
  /// ManagementStore::ListSystems().
  domain::Result<FoundSystems> Handle(FindSystems question);

 private:
  ManagementStore& store_;
};

}  // namespace volcanion::application
