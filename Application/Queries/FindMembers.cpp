#include "Application/Queries/FindMembers.h"

#include "Application/Queries/PageCursor.h"

#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(std::string_view kind, const FindMembers& question) {
  Fingerprint print;
  print.Add(kind);
  print.Add(question.partner.ToString());
  return print;
}

}  // namespace

domain::Result<FoundPage<MemberRow>> FindMembersOf(PeopleStore& store, const FindMembers& question) {
  if (auto fault = CheckPage(question.limit)) return *std::move(fault);
  const auto print = QuestionOf("members", question);
  std::optional<std::string> after;
  if (question.cursor) {
    auto place = ReadPageCursor(print, *question.cursor, 1);
    if (!place) return InvalidCursor();
    after = std::move(place->front());
  }
  auto page = store.ListMembers(question.partner, after, question.limit);
  if (!page) return std::move(page).error();
  FoundPage<MemberRow> found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(print, {found.items.back().email});
  return found;
}

domain::Result<FoundPage<domain::ServiceToken>> FindServiceTokensOf(ServiceTokenStore& store,
                                                                    const FindMembers& question) {
  if (auto fault = CheckPage(question.limit)) return *std::move(fault);
  const auto print = QuestionOf("service tokens", question);
  std::optional<domain::ServiceTokenId> after;
  if (question.cursor) {
    const auto place = ReadPageCursor(print, *question.cursor, 1);
    after = place ? domain::ServiceTokenId::Parse(place->front()) : std::nullopt;
    if (!after) return InvalidCursor();
  }
  auto page = store.List(question.partner, after, question.limit);
  if (!page) return std::move(page).error();
  FoundPage<domain::ServiceToken> found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(print, {found.items.back().id.ToString()});
  return found;
}

}  // namespace volcanion::application
