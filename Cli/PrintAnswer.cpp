#include "Cli/PrintAnswer.h"

#include "Cli/ExitStatus.h"

namespace volcanion::cli {

using domain::Result;

Result<int> PrintAnswer(const Remote& remote, const Result<ApiAnswer>& answer, const std::vector<Column>& columns) {
  if (!answer) return answer.error();
  PrintOne(answer->body, columns, remote.json);
  return kSucceeded;
}

Result<int> PrintAll(Remote& remote, const std::string& target, const std::vector<Column>& columns) {
  const auto items = remote.api.List(target);
  if (!items) return items.error();
  PrintList(*items, columns, remote.json);
  return kSucceeded;
}

}  // namespace volcanion::cli
