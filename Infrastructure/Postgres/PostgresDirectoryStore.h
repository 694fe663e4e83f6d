#pragma once

#include "Application/Ports/DirectoryStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// The tables of the write store that say who may send, and what.
class PostgresDirectoryStore final : public application::DirectoryStore {
 public:
  /// Without the demo, its people, tokens and keys are left out, as if they were not good.
  explicit PostgresDirectoryStore(SociPool& write_store, bool with_demo = true)
      : pool_(write_store), with_demo_(with_demo ? 1 : 0) {}

  domain::Result<std::int64_t> Revision() override;
  domain::Result<application::DirectoryRows> Load(const std::set<domain::StructureId>& known) override;

 private:
  SociPool& pool_;
  const int with_demo_;
};

}  // namespace volcanion::infrastructure
