#include "Application/Queries/FindEvents.h"

#include "Application/Queries/EventCursor.h"

namespace volcanion::application {
namespace {

constexpr int kMaxLimit = 1'000;

}  // namespace

domain::Result<domain::PartnerId> FindEventsHandler::PartnerOf(domain::PartnerSystemId system) {
  if (const auto directory = directory_.Current(); const auto* found = directory->FindSystem(system))
    return found->partner;
  // Another process may have registered it a moment ago.
  if (auto refreshed = directory_.Refresh(); !refreshed) return std::move(refreshed).error();
  const auto directory = directory_.Current();
  if (const auto* found = directory->FindSystem(system)) return found->partner;
  return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner system."};
}

domain::Result<FindEvents> FindEventsHandler::Check(FindEvents question) {
  auto& query = question.query;
  std::vector<domain::Fault> faults;
  if (query.limit < 1 || query.limit > kMaxLimit) {
    faults.push_back({"/limit", "out_of_range", "must be from 1 to " + std::to_string(kMaxLimit)});
  }
  if (query.from && query.to && *query.to < *query.from) {
    faults.push_back({"/to", "out_of_range", "must not be before from"});
  }
  if (question.cursor) {
    query.after = ReadCursor(query, *question.cursor);
    if (!query.after) {
      faults.push_back({"/cursor", "invalid_cursor",
                        "must be the nextCursor of the same question; leave it out to begin with the first page"});
    }
  }
  if (!faults.empty())
    return domain::Error{domain::ErrorKind::kInvalid, "The question breaks a rule.", std::move(faults)};
  return question;
}

domain::Result<FoundEvents> FindEventsHandler::Handle(FindEvents question) {
  auto checked = Check(std::move(question));
  if (!checked) return std::move(checked).error();
  auto& query = checked->query;
  if (query.is_of_all_systems) {
    const auto directory = directory_.WithPartner(query.partner);
    if (!directory) return directory.error();
    for (const auto* system : (*directory)->SystemsOf(query.partner)) query.systems.push_back(system->id);
  } else if (auto found = PartnerOf(query.systems.front()); !found) {
    return std::move(found).error();
  }
  auto page = reader_.Find(query);
  if (!page) return std::move(page).error();
  FoundEvents found{std::move(page->items), std::nullopt, page->as_of};
  if (page->next) found.next_cursor = WriteCursor(query, *page->next);
  return found;
}

}  // namespace volcanion::application
