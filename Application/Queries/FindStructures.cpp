#include "Application/Queries/FindStructures.h"

#include "Application/Queries/PageCursor.h"

#include <charconv>
#include <utility>

namespace volcanion::application {
namespace {

Fingerprint QuestionOf(const StructureQuery& query) {
  Fingerprint print;
  print.Add("structures");
  print.Add(query.partner.ToString());
  print.AddOptional(query.system, [](const domain::PartnerSystemId& id) { return id.ToString(); });
  print.AddOptional(query.event_name, [](const std::string& name) { return std::string_view(name); });
  print.AddOptional(query.state, [](domain::StructureState state) { return domain::ToString(state); });
  return print;
}

std::string WriteCursor(const StructureQuery& query, const domain::StructureHead& last) {
  const auto& identity = last.identity;
  return WritePageCursor(QuestionOf(query), {identity.event_name, identity.system ? identity.system->ToString() : "",
                                             std::to_string(last.version)});
}

std::optional<StructureKey> ReadCursor(const StructureQuery& query, std::string_view cursor) {
  const auto place = ReadPageCursor(QuestionOf(query), cursor, 3);
  if (!place) return std::nullopt;
  StructureKey key{place->at(0), domain::PartnerSystemId::Parse(place->at(1))};
  const auto& digits = place->at(2);
  const auto end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, key.version);
  if (error != std::errc() || stopped != end || key.version < 1) return std::nullopt;
  return key;
}

}  // namespace

domain::Result<FoundStructures> FindStructuresHandler::Handle(FindStructures question) {
  auto& query = question.query;
  if (auto fault = CheckPage(query.limit)) return *std::move(fault);
  if (question.cursor) {
    query.after = ReadCursor(query, *question.cursor);
    if (!query.after) return InvalidCursor();
  }
  auto page = store_.List(query);
  if (!page) return std::move(page).error();
  FoundStructures found{std::move(page->items), std::nullopt};
  if (page->more) found.next_cursor = WriteCursor(query, found.items.back());
  return found;
}

}  // namespace volcanion::application
