#include "Application/Queries/ReadAudit.h"

#include "Application/Queries/PageCursor.h"

#include <charconv>
#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(const ReadAudit& question) {
  Fingerprint print;
  print.Add("audit");
  print.Add(question.partner.ToString());
  return print;
}

std::optional<std::int64_t> ReadCursor(const ReadAudit& question) {
  const auto place = ReadPageCursor(QuestionOf(question), *question.cursor, 1);
  if (!place) return std::nullopt;
  std::int64_t id = 0;
  const auto end = place->front().data() + place->front().size();
  const auto [stopped, error] = std::from_chars(place->front().data(), end, id);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return id;
}

}  // namespace

domain::Result<FoundAudit> ReadAuditHandler::Handle(const ReadAudit& question) {
  if (auto fault = CheckPage(question.limit)) return *std::move(fault);
  std::optional<std::int64_t> before;
  if (question.cursor) {
    before = ReadCursor(question);
    if (!before) return InvalidCursor();
  }
  auto page = reader_.List(question.partner, before, question.limit);
  if (!page) return std::move(page).error();
  FoundAudit found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(QuestionOf(question), {std::to_string(found.items.back().id)});
  return found;
}

}  // namespace volcanion::application
