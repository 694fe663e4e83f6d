#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/PostgresDirectoryStore.h"
#include "Infrastructure/Postgres/PostgresManagementStore.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Security/SodiumSecrets.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using domain::ErrorKind;
using test::Sql;

namespace {

domain::Timestamp At(std::string_view text) { return domain::ParseRfc3339(text).value(); }

/// A write store with its two adapters, and builders that set only what a case is about.
struct StoreFixture {
  test::TestStores stores;
  test::RecordedLog log;
  SociPool pool{{CompleteConnectionString(stores.write_dsn()).value(), 8, std::chrono::seconds(30)}, log};
  PostgresManagementStore management{pool};
  PostgresDirectoryStore directory{pool};
  SodiumSecrets secrets;
  const domain::Timestamp now = At("2026-11-20T10:00:00.123456Z");

  domain::Partner Partner(const std::string& name = "Acme") {
    return domain::Partner::Create({secrets.NewId(now)}, name, now).value();
  }
  domain::PartnerSystem System(domain::PartnerId partner, const std::string& name = "website",
                               domain::InvalidEventPolicy policy = domain::InvalidEventPolicy::kFlag) {
    return domain::PartnerSystem::Create({secrets.NewId(now)}, partner, name, policy, std::nullopt, now).value();
  }
  domain::ApiKey Key(domain::PartnerSystemId system, std::optional<domain::Timestamp> expires_at = {}) {
    const auto secret = secrets.NewApiKey();
    return domain::ApiKey::Create({secrets.NewId(now)}, system, "key", secret.prefix, secret.hash, now, expires_at)
        .value();
  }
  domain::EventStructure Structure(domain::PartnerId partner, const std::string& event_name = "purchase",
                                   const std::string& schema = "{}",
                                   domain::StructureState state = domain::StructureState::kActive) {
    return domain::EventStructure::Create({secrets.NewId(now)}, partner, event_name, schema, state, now).value();
  }

  domain::PartnerId StoredPartner(const std::string& name = "Acme") {
    const auto partner = Partner(name);
    REQUIRE(management.AddPartner(partner).ok());
    return partner.id();
  }
  domain::PartnerSystemId StoredSystem(domain::PartnerId partner) {
    const auto system = System(partner);
    REQUIRE(management.AddSystem(system).ok());
    return system.id();
  }
  application::DirectoryRows Load(const std::set<domain::StructureId>& known = {}) {
    auto rows = directory.Load(known);
    REQUIRE_MESSAGE(rows.ok(), rows.error().message);
    return *std::move(rows);
  }
};

}  // namespace

TEST_SUITE("PostgresManagementStore") {
  TEST_CASE_FIXTURE(StoreFixture, "a partner is stored as it was given") {
    const auto partner = Partner("O'Brien & Søn :name \"x\" \\ 🌋");
    REQUIRE(management.AddPartner(partner).ok());
    const auto row = test::SqlRows(stores.write_dsn(),
                                   "SELECT partner_id, name, is_active, created_at = '2026-11-20T10:00:00.123456Z' "
                                   "FROM write.partners");
    CHECK(row == std::vector<test::SqlRow>{{partner.id().ToString(), partner.name(), "t", "t"}});
  }

  TEST_CASE_FIXTURE(StoreFixture, "a partner's name is taken once") {
    REQUIRE(management.AddPartner(Partner("Acme")).ok());
    const auto again = management.AddPartner(Partner("Acme"));
    REQUIRE(!again.ok());
    CHECK(again.error().kind == ErrorKind::kConflict);
    CHECK(again.error().message == "There is a partner with this name already.");
    CHECK(management.AddPartner(Partner("acme")).ok());
  }

  TEST_CASE_FIXTURE(StoreFixture, "a system belongs to a partner that exists") {
    const auto orphan = management.AddSystem(System({secrets.NewId(now)}));
    REQUIRE(!orphan.ok());
    CHECK(orphan.error().kind == ErrorKind::kNotFound);
    CHECK(orphan.error().message == "There is no such partner.");
  }

  TEST_CASE_FIXTURE(StoreFixture, "a system's name is taken once within its partner") {
    const auto acme = StoredPartner("Acme");
    const auto other = StoredPartner("Other");
    REQUIRE(management.AddSystem(System(acme, "website")).ok());
    CHECK(management.AddSystem(System(acme, "website")).error().kind == ErrorKind::kConflict);
    CHECK(management.AddSystem(System(other, "website")).ok());
  }

  TEST_CASE_FIXTURE(StoreFixture, "a key belongs to a system that exists") {
    const auto orphan = management.AddKey(Key({secrets.NewId(now)}));
    REQUIRE(!orphan.ok());
    CHECK(orphan.error().kind == ErrorKind::kNotFound);
    CHECK(orphan.error().message == "There is no such partner system.");
  }

  TEST_CASE_FIXTURE(StoreFixture, "of a key, all but its secret is stored") {
    const auto system = StoredSystem(StoredPartner());
    const auto key = Key(system, At("2027-01-01T00:00:00Z"));
    REQUIRE(management.AddKey(key).ok());
    CHECK(Sql(stores.write_dsn(), "SELECT prefix FROM write.api_keys WHERE expires_at = '2027-01-01Z'") ==
          key.prefix());
    CHECK(Sql(stores.write_dsn(), "SELECT octet_length(key_hash) FROM write.api_keys") == "32");
  }

  TEST_CASE_FIXTURE(StoreFixture, "structures are numbered from 1 within partner and event name") {
    const auto acme = StoredPartner("Acme");
    const auto other = StoredPartner("Other");
    CHECK(management.AddStructure(Structure(acme, "purchase")).value() == 1);
    CHECK(management.AddStructure(Structure(acme, "purchase")).value() == 2);
    CHECK(management.AddStructure(Structure(acme, "refund")).value() == 1);
    CHECK(management.AddStructure(Structure(other, "purchase")).value() == 1);
    CHECK(management.AddStructure(Structure(acme, "purchase")).value() == 3);
  }

  TEST_CASE_FIXTURE(StoreFixture, "structures that are added at the same time get different numbers without a gap") {
    const auto partner = StoredPartner();
    std::mutex mutex;
    std::set<int> versions;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 5; ++n) {
            const auto version = management.AddStructure(Structure(partner));
            const std::lock_guard lock(mutex);
            if (version) versions.insert(*version);
          }
        });
      }
    }
    CHECK(versions.size() == 30);
    CHECK(*versions.rbegin() == 30);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a structure belongs to a partner that exists") {
    const auto orphan = management.AddStructure(Structure({secrets.NewId(now)}));
    REQUIRE(!orphan.ok());
    CHECK(orphan.error().kind == ErrorKind::kNotFound);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a schema keeps its text") {
    const std::string schema = "{\"b\" : 1.0,\n \"a\":\"\\u0000 :x ::y 'z'\", \"a\": 2}";
    const auto partner = StoredPartner();
    REQUIRE(management.AddStructure(Structure(partner, "purchase", schema)).ok());
    const auto rows = Load();
    REQUIRE(rows.structures.size() == 1);
    CHECK(rows.structures[0].schema == schema);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a schema of the greatest size is stored whole") {
    std::string schema = R"({"description":")";
    schema += std::string(domain::kMaxSchemaBytes - schema.size() - 2, 'x') + "\"}";
    REQUIRE(management.AddStructure(Structure(StoredPartner(), "purchase", schema)).ok());
    CHECK(Load().structures[0].schema == schema);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a text with a NUL byte is refused, not cut") {
    using namespace std::string_literals;
    const auto token = secrets.NewAdminToken();
    const auto refused = management.AddAdminToken("ops\0x"s, token.prefix, token.hash);
    REQUIRE(!refused.ok());
    CHECK(refused.error().kind == ErrorKind::kInvalid);
    CHECK(refused.error().faults.at(0).pointer == "/name");
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.admin_tokens") == "0");
  }

  TEST_CASE_FIXTURE(StoreFixture, "a store that is away is unavailable") {
    const auto nowhere = CompleteConnectionString(stores.write_dsn() + " dbname=nowhere").value();
    SociPool broken({nowhere, 1, std::chrono::milliseconds(50)}, log);
    CHECK(PostgresManagementStore(broken).AddPartner(Partner()).error().kind == ErrorKind::kUnavailable);
    CHECK(PostgresDirectoryStore(broken).Revision().error().kind == ErrorKind::kUnavailable);
    CHECK(PostgresDirectoryStore(broken).Load({}).error().kind == ErrorKind::kUnavailable);
  }
}

TEST_SUITE("PostgresDirectoryStore") {
  TEST_CASE_FIXTURE(StoreFixture, "an empty store has a revision and nothing else") {
    const auto rows = Load();
    CHECK(rows.revision == directory.Revision().value());
    CHECK(rows.revision >= 1);
    CHECK(rows.systems.empty());
    CHECK(rows.keys.empty());
    CHECK(rows.admin_tokens.empty());
    CHECK(rows.structures.empty());
  }

  TEST_CASE_FIXTURE(StoreFixture, "the revision grows with every change") {
    auto before = directory.Revision().value();
    const auto has_grown = [&] {
      const auto after = directory.Revision().value();
      return after > std::exchange(before, after);
    };
    const auto partner = StoredPartner();
    CHECK(has_grown());
    const auto system = StoredSystem(partner);
    CHECK(has_grown());
    REQUIRE(management.AddKey(Key(system)).ok());
    CHECK(has_grown());
    REQUIRE(management.AddStructure(Structure(partner)).ok());
    CHECK(has_grown());
    Sql(stores.write_dsn(), "UPDATE write.partners SET is_active = false");
    CHECK(has_grown());
    CHECK(!has_grown());
  }

  TEST_CASE_FIXTURE(StoreFixture, "systems come with their partner, policy and state") {
    const auto partner = StoredPartner("Acme");
    const auto system = System(partner, "iOS app", domain::InvalidEventPolicy::kReject);
    REQUIRE(management.AddSystem(system).ok());
    const auto rows = Load();
    REQUIRE(rows.systems.size() == 1);
    CHECK(rows.systems[0].id == system.id());
    CHECK(rows.systems[0].partner == partner);
    CHECK(rows.systems[0].name == "iOS app");
    REQUIRE(rows.partners.size() == 1);
    CHECK(rows.partners[0].name == "Acme");
    CHECK(rows.systems[0].invalid_events == domain::InvalidEventPolicy::kReject);
    CHECK(rows.systems[0].is_active);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a system is inactive when it or its partner is") {
    const auto partner = StoredPartner();
    StoredSystem(partner);
    Sql(stores.write_dsn(), "UPDATE write.partner_systems SET is_active = false");
    CHECK(!Load().systems[0].is_active);
    Sql(stores.write_dsn(), "UPDATE write.partner_systems SET is_active = true");
    CHECK(Load().systems[0].is_active);
    Sql(stores.write_dsn(), "UPDATE write.partners SET is_active = false");
    CHECK(!Load().systems[0].is_active);
  }

  TEST_CASE_FIXTURE(StoreFixture, "keys come with their hash and expiry") {
    const auto system = StoredSystem(StoredPartner());
    const auto lasting = Key(system);
    const auto passing = Key(system, At("2026-11-21T10:00:00.000001Z"));
    REQUIRE(management.AddKey(lasting).ok());
    REQUIRE(management.AddKey(passing).ok());
    auto keys = Load().keys;
    REQUIRE(keys.size() == 2);
    if (keys[0].id == passing.id()) std::swap(keys[0], keys[1]);
    CHECK(keys[0].id == lasting.id());
    CHECK(keys[0].system == system);
    CHECK(keys[0].hash == lasting.hash());
    CHECK(!keys[0].expires_at);
    CHECK(keys[1].hash == passing.hash());
    CHECK(keys[1].expires_at == passing.expires_at());
  }

  TEST_CASE_FIXTURE(StoreFixture, "revoked keys and tokens are left out") {
    REQUIRE(management.AddKey(Key(StoredSystem(StoredPartner()))).ok());
    const auto token = secrets.NewAdminToken();
    REQUIRE(management.AddAdminToken("ops", token.prefix, token.hash).ok());
    CHECK(Load().keys.size() == 1);
    CHECK(Load().admin_tokens == std::vector{token.hash});
    Sql(stores.write_dsn(),
        "UPDATE write.api_keys SET revoked_at = now(); UPDATE write.admin_tokens SET revoked_at = now()");
    CHECK(Load().keys.empty());
    CHECK(Load().admin_tokens.empty());
  }

  TEST_CASE_FIXTURE(StoreFixture, "only active structures are loaded") {
    const auto partner = StoredPartner();
    using enum domain::StructureState;
    REQUIRE(management.AddStructure(Structure(partner, "a", "{}", kDraft)).ok());
    REQUIRE(management.AddStructure(Structure(partner, "b", "{}", kRetired)).ok());
    const auto active = Structure(partner, "c", "{}", kActive);
    REQUIRE(management.AddStructure(active).ok());
    const auto rows = Load();
    REQUIRE(rows.structures.size() == 1);
    CHECK(rows.structures[0].id == active.id());
    CHECK(rows.structures[0].partner == partner);
    CHECK(rows.structures[0].event_name == "c");
    CHECK(rows.structures[0].version == 1);
  }

  TEST_CASE_FIXTURE(StoreFixture, "schemas that are known are not sent again") {
    const auto partner = StoredPartner();
    const auto known = Structure(partner, "a", "true");
    const auto unknown = Structure(partner, "b", "false");
    REQUIRE(management.AddStructure(known).ok());
    REQUIRE(management.AddStructure(unknown).ok());
    auto structures = Load({known.id(), {secrets.NewId(now)}}).structures;
    REQUIRE(structures.size() == 2);
    if (structures[0].id == unknown.id()) std::swap(structures[0], structures[1]);
    CHECK(structures[0].id == known.id());
    CHECK(!structures[0].schema);
    CHECK(structures[1].schema == "false");
  }
}
