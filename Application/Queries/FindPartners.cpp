#include "Application/Queries/FindPartners.h"

#include "Application/Queries/PageCursor.h"

#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(const PartnerQuery& query) {
  Fingerprint print;
  print.Add("partners");
  print.AddOptional(query.among, [](const auto& partners) {
    std::string ids;
    for (const auto& id : partners) ids += id.ToString();
    return ids;
  });
  print.AddOptional(query.name, [](const std::string& name) { return std::string_view(name); });
  print.AddOptional(query.is_active, [](bool active) { return active ? "active" : "inactive"; });
  return print;
}

}  // namespace

domain::Result<FoundPartners> FindPartnersHandler::Handle(FindPartners question) {
  auto& query = question.query;
  if (auto fault = CheckPage(query.limit)) return *std::move(fault);
  if (question.cursor) {
    query.after = ReadIdCursor<domain::PartnerId>(QuestionOf(query), *question.cursor);
    if (!query.after) return InvalidCursor();
  }
  auto page = store_.ListPartners(query);
  if (!page) return std::move(page).error();
  FoundPartners found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(QuestionOf(query), {found.items.back().id().ToString()});
  return found;
}

}  // namespace volcanion::application
