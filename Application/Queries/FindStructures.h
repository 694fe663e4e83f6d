#pragma once

#include "Application/Ports/StructureStore.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Which versions of structures does a partner have? A page of them, without their schemas.
struct FindStructures {
  StructureQuery query;  ///< without `after`
  std::optional<std::string> cursor;
};

struct FoundStructures {
  std::vector<domain::StructureHead> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
};

class FindStructuresHandler {
 public:
  explicit FindStructuresHandler(StructureStore& store) : store_(store) {}

  /// Blocks. kInvalid for a limit that is not from 1 to 1,000 or a cursor of another question; else as
  /// StructureStore::List().
  domain::Result<FoundStructures> Handle(FindStructures question);

 private:
  StructureStore& store_;
};

}  // namespace volcanion::application
