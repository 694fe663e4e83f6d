#pragma once

#include "Application/Ports/ApiKeyStore.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// Which keys does a system have? A page of them, without their secrets, the first made first.
struct FindApiKeys {
  ApiKeyQuery query;  ///< without `after`
  std::optional<std::string> cursor = {};
};

struct FoundApiKeys {
  std::vector<ApiKeyRow> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
};

class FindApiKeysHandler {
 public:
  explicit FindApiKeysHandler(ApiKeyStore& store) : store_(store) {}

  /// Blocks. kInvalid for a limit that is not from 1 to 1,000 or a cursor of another question; else as
  /// ApiKeyStore::List().
  domain::Result<FoundApiKeys> Handle(FindApiKeys question);

 private:
  ApiKeyStore& store_;
};

}  // namespace volcanion::application
