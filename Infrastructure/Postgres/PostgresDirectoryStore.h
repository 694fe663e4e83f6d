#pragma once

#include "Application/Ports/DirectoryStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// The tables of the write store that say who may send, and what.
class PostgresDirectoryStore final : public application::DirectoryStore {
 public:
  explicit PostgresDirectoryStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<std::int64_t> Revision() override;
  domain::Result<application::DirectoryRows> Load(const std::set<domain::StructureId>& known) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
