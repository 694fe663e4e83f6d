#include "Application/Queries/FindPeople.h"

#include "Application/Queries/PageCursor.h"

#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(const PersonQuery& query) {
  Fingerprint print;
  print.Add("people");
  print.AddOptional(query.email, [](const std::string& email) { return std::string_view(email); });
  print.AddOptional(query.is_active, [](bool active) { return active ? "active" : "inactive"; });
  return print;
}

Fingerprint AdminTokensQuestion() {
  Fingerprint print;
  print.Add("admin tokens");
  return print;
}

}  // namespace

domain::Result<FoundPage<PersonRow>> FindPeopleOf(PeopleStore& store, FindPeople question) {
  auto& query = question.query;
  if (auto fault = CheckPage(query.limit)) return *std::move(fault);
  if (question.cursor) {
    auto place = ReadPageCursor(QuestionOf(query), *question.cursor, 1);
    if (!place) return InvalidCursor();
    query.after = std::move(place->front());
  }
  auto page = store.ListPeople(query);
  if (!page) return std::move(page).error();
  FoundPage<PersonRow> found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(QuestionOf(query), {found.items.back().email});
  return found;
}

domain::Result<FoundPage<AdminTokenRow>> FindAdminTokensOf(ManagementStore& store, const FindAdminTokens& question) {
  if (auto fault = CheckPage(question.limit)) return *std::move(fault);
  std::optional<AdminTokenId> after;
  if (question.cursor) {
    after = ReadIdCursor<AdminTokenId>(AdminTokensQuestion(), *question.cursor);
    if (!after) return InvalidCursor();
  }
  auto page = store.ListAdminTokens(after, question.limit);
  if (!page) return std::move(page).error();
  FoundPage<AdminTokenRow> found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(AdminTokensQuestion(), {found.items.back().id.ToString()});
  return found;
}

}  // namespace volcanion::application
