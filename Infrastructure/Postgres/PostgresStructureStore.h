#pragma once

#include "Application/Ports/StructureStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

/// write.event_structures. A change locks the partner's row: of changes to one partner's structures, and to what it
/// demands of them, one waits for the other.
class PostgresStructureStore final : public application::StructureStore {
 public:
  explicit PostgresStructureStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> Change(const domain::StructureIdentity& identity, const Work& work) override;
  domain::Result<domain::EventStructure> Get(const domain::StructureIdentity& identity, int version) override;
  domain::Result<application::StructureBaseline> Baseline(const domain::StructureIdentity& identity) override;
  domain::Result<application::StructurePage> List(const application::StructureQuery& query) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
