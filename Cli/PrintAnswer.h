#pragma once

#include "Cli/Remote.h"
#include "Cli/Table.h"
#include "Domain/Result.h"

#include <string>
#include <vector>

namespace volcanion::cli {

/// Prints what a server answered. The exit status, or why there is nothing to print.
domain::Result<int> PrintAnswer(const Remote& remote, const domain::Result<ApiAnswer>& answer,
                                const std::vector<Column>& columns);

/// Likewise all items of a list; `target` as in ApiClient::List().
domain::Result<int> PrintAll(Remote& remote, const std::string& target, const std::vector<Column>& columns);

}  // namespace volcanion::cli
