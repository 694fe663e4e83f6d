#include "Application/Queries/ReadAudit.h"

#include "Application/Queries/PageCursor.h"

#include <charconv>
#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(const AuditQuery& query) {
  const auto as_it_is = [](const std::string& text) { return std::string_view(text); };
  Fingerprint print;
  print.Add("audit");
  print.Add(query.partner.ToString());
  print.AddOptional(query.actor, as_it_is);
  print.AddOptional(query.action, as_it_is);
  print.AddOptional(query.target, as_it_is);
  print.AddOptional(query.from, domain::FormatRfc3339);
  print.AddOptional(query.to, domain::FormatRfc3339);
  return print;
}

std::optional<std::int64_t> ReadCursor(const AuditQuery& query, std::string_view cursor) {
  const auto place = ReadPageCursor(QuestionOf(query), cursor, 1);
  if (!place) return std::nullopt;
  std::int64_t id = 0;
  const auto end = place->front().data() + place->front().size();
  const auto [stopped, error] = std::from_chars(place->front().data(), end, id);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return id;
}

}  // namespace

domain::Result<FoundAudit> ReadAuditHandler::Handle(ReadAudit question) {
  auto& query = question.query;
  if (auto fault = CheckPage(query.limit)) return *std::move(fault);
  if (question.cursor) {
    query.before = ReadCursor(query, *question.cursor);
    if (!query.before) return InvalidCursor();
  }
  auto page = reader_.List(query);
  if (!page) return std::move(page).error();
  FoundAudit found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WritePageCursor(QuestionOf(query), {std::to_string(found.items.back().id)});
  return found;
}

}  // namespace volcanion::application
