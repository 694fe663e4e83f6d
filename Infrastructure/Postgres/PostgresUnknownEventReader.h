#pragma once

#include "Application/Ports/UnknownEventReader.h"
#include "Infrastructure/Postgres/PostgresEventReader.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// The roll-up read.unknown_events, and samples of the events themselves.
class PostgresUnknownEventReader final : public application::UnknownEventReader {
 public:
  explicit PostgresUnknownEventReader(SociPool& read_store, EventReaderSettings settings = {})
      : pool_(read_store), settings_(settings) {}

  domain::Result<application::UnknownEventsPage> List(domain::PartnerId partner,
                                                      const std::optional<application::UnknownEventsKey>& after,
                                                      int limit) override;
  domain::Result<domain::Done> Sample(const application::SampleQuery& query,
                                      const std::function<void(std::string_view)>& take) override;

 private:
  SociPool& pool_;
  const EventReaderSettings settings_;
};

}  // namespace volcanion::infrastructure
