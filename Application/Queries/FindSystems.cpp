#include "Application/Queries/FindSystems.h"

#include "Application/Queries/PageCursor.h"

#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(const SystemQuery& query) {
  Fingerprint print;
  print.Add("systems");
  print.Add(query.partner.ToString());
  print.AddOptional(query.name, [](const std::string& name) { return std::string_view(name); });
  print.AddOptional(query.is_active, [](bool active) { return active ? "active" : "inactive"; });
  return print;
}

}  // namespace

domain::Result<FoundSystems> FindSystemsHandler::Handle(FindSystems question) {
  auto& query = question.query;
  if (auto fault = CheckPage(query.limit)) return *std::move(fault);
  if (question.cursor) {
    query.after = ReadIdCursor<domain::PartnerSystemId>(QuestionOf(query), *question.cursor);
    if (!query.after) return InvalidCursor();
  }
  auto page = store_.ListSystems(query);
  if (!page) return std::move(page).error();
  FoundSystems found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(QuestionOf(query), {found.items.back().id().ToString()});
  return found;
}

}  // namespace volcanion::application
