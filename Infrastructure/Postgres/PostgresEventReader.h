#pragma once

#include "Application/Ports/EventReader.h"
#include "Infrastructure/Postgres/SociPool.h"

#include <chrono>
#include <cstdint>

namespace volcanion::infrastructure {

struct EventReaderSettings {
  /// Of the properties of one page, which ends before the event that would exceed it.
  std::int64_t max_page_bytes = 8 * 1024 * 1024;
  /// After which a question is given up, as kUnavailable.
  std::chrono::milliseconds statement_timeout{10'000};
  /// How many rows of an index are looked at first for what the index does not say; more as long as that is quick.
  std::int64_t first_look = 2'000;
  /// How long to look for a page; what has been found by then is the page.
  std::chrono::milliseconds look_time{1'000};
};

/// What the read store reflects; to be fetched before the rows that it speaks of: it never claims more than they show.
/// Throws what SOCI throws.
application::Freshness FetchFreshness(soci::session& session);

/// The events of the read store.
class PostgresEventReader final : public application::EventReader {
 public:
  explicit PostgresEventReader(SociPool& read_store, EventReaderSettings settings = {})
      : pool_(read_store), settings_(settings) {}

  domain::Result<application::EventPage> Find(const application::EventQuery& query) override;
  domain::Result<std::vector<std::int64_t>> CountBySystem(const application::EventQuery& query) override;
  /// Only version 7 ids are found: they carry the millisecond of the event's created_at, by which the one partition
  /// that can hold the event is known.
  domain::Result<application::EventFound> Get(domain::PartnerId partner, domain::TrackingEventId id) override;
  domain::Result<std::optional<domain::PartnerId>> PartnerOf(domain::TrackingEventId id) override;

 private:
  SociPool& pool_;
  const EventReaderSettings settings_;
};

}  // namespace volcanion::infrastructure
