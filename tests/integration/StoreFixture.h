#pragma once

#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/PostgresApiKeyStore.h"
#include "Infrastructure/Postgres/PostgresDirectoryStore.h"
#include "Infrastructure/Postgres/PostgresManagementStore.h"
#include "Infrastructure/Postgres/PostgresStructureStore.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Security/SodiumSecrets.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::test {

inline domain::Timestamp At(std::string_view text) { return domain::ParseRfc3339(text).value(); }

/// A write store with its adapters, and builders that set only what a case is about.
struct StoreFixture {
  TestStores stores;
  RecordedLog log;
  infrastructure::SociPool pool{
      {infrastructure::CompleteConnectionString(stores.write_dsn()).value(), 8, std::chrono::seconds(30)}, log};
  infrastructure::PostgresManagementStore management{pool};
  infrastructure::PostgresApiKeyStore api_keys{pool};
  infrastructure::PostgresStructureStore structures{pool};
  infrastructure::PostgresDirectoryStore directory{pool};
  infrastructure::SodiumSecrets secrets;
  const domain::Timestamp now = At("2026-11-20T10:00:00.123456Z");

  domain::Partner Partner(const std::string& name = "Acme") {
    return domain::Partner::Create({secrets.NewId(now)}, name, now).value();
  }
  domain::PartnerSystem System(domain::PartnerId partner, const std::string& name = "website",
                               domain::InvalidEventPolicy policy = domain::InvalidEventPolicy::kFlag) {
    return domain::PartnerSystem::Create({secrets.NewId(now)}, partner, name, policy, std::nullopt, now).value();
  }
  domain::ApiKey Key(domain::PartnerSystemId system, std::optional<domain::Timestamp> expires_at = {}) {
    const auto secret = secrets.NewApiKey(domain::KeyEnvironment::kLive);
    return domain::ApiKey::Create({{secrets.NewId(now)}, system, "key", secret.prefix, secret.hash, now, expires_at})
        .value();
  }
  domain::EventStructure Structure(domain::StructureIdentity identity, const std::string& schema = "{}",
                                   domain::StructureState state = domain::StructureState::kActive) {
    return domain::EventStructure::Create({secrets.NewId(now)}, std::move(identity), schema, state, now).value();
  }
  domain::EventStructure Structure(domain::PartnerId partner, const std::string& event_name = "purchase",
                                   const std::string& schema = "{}",
                                   domain::StructureState state = domain::StructureState::kActive) {
    return Structure({partner, event_name}, schema, state);
  }

  application::AuditEntry Entry(std::optional<domain::PartnerId> partner = {}) const {
    return {partner, {"test", ""}, "tested", "x"};
  }
  domain::Result<domain::Done> Add(const domain::Partner& partner) {
    return management.AddPartner(partner, Entry(partner.id()));
  }
  domain::Result<domain::Done> Add(const domain::PartnerSystem& system) {
    return management.AddSystem(system, Entry(system.partner()));
  }
  domain::Result<domain::Done> Add(domain::PartnerId partner, const domain::ApiKey& key) {
    return api_keys.Add(partner, key, Entry());
  }
  domain::Result<domain::Done> Add(const domain::ApiKey& key) {
    const auto owner =
        Sql(stores.write_dsn(),
            "SELECT partner_id FROM write.partner_systems WHERE partner_system_id = '" + key.system().ToString() + "'");
    return Add(domain::PartnerId::Parse(owner).value(), key);
  }

  domain::PartnerId StoredPartner(const std::string& name = "Acme") {
    const auto partner = Partner(name);
    REQUIRE(Add(partner).ok());
    return partner.id();
  }
  domain::PartnerSystemId StoredSystem(domain::PartnerId partner, const std::string& name = "website") {
    const auto system = System(partner, name);
    REQUIRE(Add(system).ok());
    return system.id();
  }
  /// Added as it is, compared with nothing.
  domain::EventStructure Stored(domain::EventStructure structure) {
    const auto added = structures.Change(structure.identity(), [&](application::StructureVersions& versions) {
      structure = versions.Add(structure);
      return domain::Result<domain::Done>(domain::Done{});
    });
    REQUIRE_MESSAGE(added.ok(), added.error().message);
    return structure;
  }
  /// Changed by `change` and stored.
  template <typename ChangeIt>
  void Change(domain::EventStructure structure, ChangeIt change) {
    REQUIRE(change(structure).ok());
    const auto updated = structures.Change(structure.identity(), [&](application::StructureVersions& versions) {
      versions.Update(structure);
      return domain::Result<domain::Done>(domain::Done{});
    });
    REQUIRE_MESSAGE(updated.ok(), updated.error().message);
  }
  application::DirectoryRows Load(const std::set<domain::StructureId>& known = {}) {
    auto rows = directory.Load(known);
    REQUIRE_MESSAGE(rows.ok(), rows.error().message);
    return *std::move(rows);
  }
};

}  // namespace volcanion::test
