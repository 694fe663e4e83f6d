#include "Application/Queries/FindApiKeys.h"

#include "Application/Queries/PageCursor.h"

#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(const ApiKeyQuery& query) {
  Fingerprint print;
  print.Add("keys");
  print.Add(query.system.ToString());
  return print;
}

}  // namespace

domain::Result<FoundApiKeys> FindApiKeysHandler::Handle(FindApiKeys question) {
  auto& query = question.query;
  if (auto fault = CheckPage(query.limit)) return *std::move(fault);
  if (question.cursor) {
    query.after = ReadIdCursor<domain::ApiKeyId>(QuestionOf(query), *question.cursor);
    if (!query.after) return InvalidCursor();
  }
  auto page = store_.List(query);
  if (!page) return std::move(page).error();
  FoundApiKeys found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(QuestionOf(query), {found.items.back().key.id().ToString()});
  return found;
}

}  // namespace volcanion::application
