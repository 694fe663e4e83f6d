#include "Application/Queries/FindUnknownEvents.h"

#include "Application/Queries/PageCursor.h"

#include <utility>

namespace volcanion::application {
namespace {

constexpr int kRowsAtOnce = 1'000;

Fingerprint QuestionOf(const FindUnknownEvents& question) {
  Fingerprint print;
  print.Add("unknown events");
  print.Add(question.partner.ToString());
  return print;
}

std::optional<UnknownEventsKey> ReadCursor(const FindUnknownEvents& question) {
  const auto place = ReadPageCursor(QuestionOf(question), *question.cursor, 2);
  const auto system = place ? domain::PartnerSystemId::Parse(place->at(1)) : std::nullopt;
  if (!system) return std::nullopt;
  return UnknownEventsKey{place->at(0), *system};
}

}  // namespace

domain::Result<FoundUnknownEvents> FindUnknownEventsHandler::Handle(const FindUnknownEvents& question) {
  if (auto fault = CheckPage(question.limit)) return *std::move(fault);
  std::optional<UnknownEventsKey> after;
  if (question.cursor) {
    after = ReadCursor(question);
    if (!after) return InvalidCursor();
  }
  auto directory = directory_.WithPartner(question.partner);
  if (!directory) return std::move(directory).error();

  // The two stores cannot be joined: names that have a structure by now are passed over here. They are as few as
  // structures.
  FoundUnknownEvents found;
  bool is_first = true, more = true;
  while (more) {
    auto page = reader_.List(question.partner, after, kRowsAtOnce);
    if (!page) return std::move(page).error();
    if (std::exchange(is_first, false)) found.as_of = page->as_of;
    more = page->more && !page->items.empty();
    if (more) after = UnknownEventsKey{page->items.back().event_name, page->items.back().system};
    for (auto& item : page->items) {
      if ((*directory)->HasStructure(question.partner, item.system, item.event_name)) continue;
      if (found.items.size() == static_cast<std::size_t>(question.limit)) {
        const auto& last = found.items.back();
        found.next_cursor = WritePageCursor(QuestionOf(question), {last.event_name, last.system.ToString()});
        return found;
      }
      found.items.push_back(std::move(item));
    }
  }
  return found;
}

}  // namespace volcanion::application
