#include "tests/integration/StoreFixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using domain::ErrorKind;
using test::At;
using test::Sql;
using test::StoreFixture;

TEST_SUITE("PostgresManagementStore") {
  TEST_CASE_FIXTURE(StoreFixture, "a partner is stored as it was given") {
    const auto partner = Partner("O'Brien & Søn :name \"x\" \\ 🌋");
    REQUIRE(Add(partner).ok());
    const auto row = test::SqlRows(stores.write_dsn(),
                                   "SELECT partner_id, name, is_active, created_at = '2026-11-20T10:00:00.123456Z' "
                                   "FROM write.partners");
    CHECK(row == std::vector<test::SqlRow>{{partner.id().ToString(), partner.name(), "t", "t"}});
  }

  TEST_CASE_FIXTURE(StoreFixture, "a partner's name is taken once") {
    REQUIRE(Add(Partner("Acme")).ok());
    const auto again = Add(Partner("Acme"));
    REQUIRE(!again.ok());
    CHECK(again.error().kind == ErrorKind::kConflict);
    CHECK(again.error().message == "There is a partner with this name already.");
    CHECK(Add(Partner("acme")).ok());
  }

  TEST_CASE_FIXTURE(StoreFixture, "a system belongs to a partner that exists") {
    const auto orphan = Add(System({secrets.NewId(now)}));
    REQUIRE(!orphan.ok());
    CHECK(orphan.error().kind == ErrorKind::kNotFound);
    CHECK(orphan.error().message == "There is no such partner.");
  }

  TEST_CASE_FIXTURE(StoreFixture, "a system's name is taken once within its partner") {
    const auto acme = StoredPartner("Acme");
    const auto other = StoredPartner("Other");
    REQUIRE(Add(System(acme, "website")).ok());
    CHECK(Add(System(acme, "website")).error().kind == ErrorKind::kConflict);
    CHECK(Add(System(other, "website")).ok());
  }

  TEST_CASE_FIXTURE(StoreFixture, "a key belongs to a system that exists") {
    const auto orphan = Add(StoredPartner(), Key({secrets.NewId(now)}));
    REQUIRE(!orphan.ok());
    CHECK(orphan.error().kind == ErrorKind::kNotFound);
    CHECK(orphan.error().message == "There is no such partner system.");
  }

  TEST_CASE_FIXTURE(StoreFixture, "of a key, all but its secret is stored") {
    const auto system = StoredSystem(StoredPartner());
    const auto key = Key(system, At("2027-01-01T00:00:00Z"));
    REQUIRE(Add(key).ok());
    CHECK(Sql(stores.write_dsn(), "SELECT prefix FROM write.api_keys WHERE expires_at = '2027-01-01Z'") ==
          key.prefix());
    CHECK(Sql(stores.write_dsn(), "SELECT octet_length(key_hash) FROM write.api_keys") == "32");
  }

  TEST_CASE_FIXTURE(StoreFixture, "a text with a NUL byte is refused, not cut") {
    using namespace std::string_literals;
    const auto token = secrets.NewAdminToken();
    const auto refused = management.AddAdminToken("ops\0x"s, token.prefix, token.hash, Entry());
    REQUIRE(!refused.ok());
    CHECK(refused.error().kind == ErrorKind::kInvalid);
    CHECK(refused.error().faults.at(0).pointer == "/name");
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.admin_tokens") == "0");
  }

  TEST_CASE_FIXTURE(StoreFixture, "a store that is away is unavailable") {
    const auto nowhere = CompleteConnectionString(stores.write_dsn() + " dbname=nowhere").value();
    SociPool broken({nowhere, 1, std::chrono::milliseconds(50)}, log);
    CHECK(PostgresManagementStore(broken).AddPartner(Partner(), Entry()).error().kind == ErrorKind::kUnavailable);
    CHECK(PostgresDirectoryStore(broken).Revision().error().kind == ErrorKind::kUnavailable);
    CHECK(PostgresDirectoryStore(broken).Load({}).error().kind == ErrorKind::kUnavailable);
  }
}

TEST_SUITE("changes of partners and systems") {
  TEST_CASE_FIXTURE(StoreFixture, "a change is stored with its revision and its audit entry, or not at all") {
    const auto acme = StoredPartner("Acme");
    const auto other = StoredPartner("Other");
    const auto rename = [&](const std::string& name) {
      return management.ChangePartner(acme, [&](domain::Partner& partner) {
        (void)partner.Change({.name = name, .is_active = false});
        return domain::Result<std::optional<application::AuditEntry>>(Entry(acme));
      });
    };
    const auto changed = rename("Ajax");
    REQUIRE(changed.ok());
    CHECK(changed->revision() == 2);
    CHECK(management.GetPartner(acme)->name() == "Ajax");
    CHECK(!management.GetPartner(acme)->is_active());
    const auto taken = rename("Other");
    REQUIRE(!taken.ok());
    CHECK(taken.error().kind == ErrorKind::kConflict);
    CHECK(taken.error().faults.at(0).pointer == "/name");
    CHECK(taken.error().faults.at(0).code == "name_taken");
    CHECK(management.GetPartner(acme)->revision() == 2);
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.audit_log") == "3");  // two additions, one change
    CHECK(management.GetPartner(other)->revision() == 1);
  }

  TEST_CASE_FIXTURE(StoreFixture,
                    "partners and systems are listed page by page, in the order in which they were made") {
    std::vector<domain::PartnerId> made;
    for (const auto* name : {"c", "a", "b"}) made.push_back(StoredPartner(name));
    std::sort(made.begin(), made.end());  // made within the same millisecond
    application::PartnerQuery query{.limit = 2};
    const auto first = management.ListPartners(query).value();
    REQUIRE(first.items.size() == 2);
    CHECK(first.more);
    query.after = first.items.back().id();
    const auto second = management.ListPartners(query).value();
    REQUIRE(second.items.size() == 1);
    CHECK(!second.more);
    CHECK(std::vector{first.items[0].id(), first.items[1].id(), second.items[0].id()} == made);
    CHECK(management.ListPartners({.among = {{made[1]}}}).value().items.at(0).id() == made[1]);
    CHECK(management.ListPartners({.among = {std::vector<domain::PartnerId>()}}).value().items.empty());
    CHECK(management.ListPartners({.name = "b"}).value().items.size() == 1);
    CHECK(management.ListPartners({.is_active = false}).value().items.empty());

    const auto web = StoredSystem(made[0], "web");
    (void)StoredSystem(made[1], "web");
    const auto systems = management.ListSystems({.partner = made[0]}).value();
    REQUIRE(systems.items.size() == 1);
    CHECK(systems.items[0].id() == web);
    CHECK(management.ListSystems({.partner = {secrets.NewId(now)}}).error().kind == ErrorKind::kNotFound);
  }

  TEST_CASE_FIXTURE(StoreFixture, "an audit entry of a key is its partner's, and holds no secret") {
    const auto partner = StoredPartner();
    const auto system = StoredSystem(partner);
    const auto key = Key(system);
    REQUIRE(Add(key).ok());
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.audit_log WHERE partner_id = '" + partner.ToString() +
                                      "'") == "3");  // of the partner, the system and the key
    const auto change = [&](domain::PartnerId owner, domain::PartnerSystemId of) {
      return api_keys.Change(owner, of, key.id(), [](domain::ApiKey&) {
        return domain::Result<application::ApiKeyStore::Decision>(application::ApiKeyStore::Decision());
      });
    };
    CHECK(change(partner, system).ok());
    CHECK(change(partner, {secrets.NewId(now)}).error().kind == ErrorKind::kNotFound);
    CHECK(change(StoredPartner("Other"), system).error().kind == ErrorKind::kNotFound);
  }

  TEST_CASE_FIXTURE(StoreFixture, "uses of keys are noted together, never move back, and load no directory anew") {
    const auto partner = StoredPartner();
    const auto system = StoredSystem(partner);
    const auto used = Key(system), unused = Key(system);
    REQUIRE(Add(used).ok());
    REQUIRE(Add(unused).ok());
    const auto revision = directory.Revision().value();
    REQUIRE(api_keys.NoteUses({{used.id(), now}, {{secrets.NewId(now)}, now}}).ok());
    REQUIRE(api_keys.NoteUses({{used.id(), now - std::chrono::hours(1)}}).ok());
    CHECK(directory.Revision().value() == revision);
    const auto page = api_keys.List({partner, system}).value();
    for (const auto& row : page.items) {
      CHECK(row.last_used_at == (row.key.id() == used.id() ? std::optional(now) : std::nullopt));
    }
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
    REQUIRE(Add(Key(system)).ok());
    CHECK(has_grown());
    (void)Stored(Structure(partner));
    CHECK(has_grown());
    Sql(stores.write_dsn(), "UPDATE write.partners SET is_active = false");
    CHECK(has_grown());
    CHECK(!has_grown());
  }

  TEST_CASE_FIXTURE(StoreFixture, "systems come with their partner, policy and state") {
    const auto partner = StoredPartner("Acme");
    const auto system = System(partner, "iOS app", domain::InvalidEventPolicy::kReject);
    REQUIRE(Add(system).ok());
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
    REQUIRE(Add(lasting).ok());
    REQUIRE(Add(passing).ok());
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
    REQUIRE(Add(Key(StoredSystem(StoredPartner()))).ok());
    const auto token = secrets.NewAdminToken();
    REQUIRE(management.AddAdminToken("ops", token.prefix, token.hash, Entry()).ok());
    CHECK(Load().keys.size() == 1);
    REQUIRE(Load().admin_tokens.size() == 1);
    CHECK(Load().admin_tokens[0].hash == token.hash);
    CHECK(Load().admin_tokens[0].name == "ops");
    CHECK(Load().admin_tokens[0].prefix == token.prefix);
    Sql(stores.write_dsn(),
        "UPDATE write.api_keys SET revoked_at = now(); UPDATE write.admin_tokens SET revoked_at = now()");
    CHECK(Load().keys.empty());
    CHECK(Load().admin_tokens.empty());
  }

  TEST_CASE_FIXTURE(StoreFixture, "without the demo, its keys, tokens and people are left out, and no others") {
    const auto kept = Key(StoredSystem(StoredPartner()));
    REQUIRE(Add(kept).ok());
    REQUIRE(Add(Key(StoredSystem(StoredPartner("demo")))).ok());
    for (const auto* name : {"ops", "demo"}) {
      const auto token = secrets.NewAdminToken();
      REQUIRE(management.AddAdminToken(name, token.prefix, token.hash, Entry()).ok());
    }
    Sql(stores.write_dsn(),
        "INSERT INTO write.users (user_id, email, is_demo, created_at) "
        "VALUES (gen_random_uuid(), 'ada@example.com', false, now()), (gen_random_uuid(), 'demo@example.com', true, "
        "now());"
        "UPDATE write.partners SET is_demo = true WHERE name = 'demo';"
        "UPDATE write.admin_tokens SET is_demo = true WHERE name = 'demo'");
    CHECK(Load().keys.size() == 2);
    CHECK(Load().admin_tokens.size() == 2);
    CHECK(Load().people.size() == 2);
    const auto rows = PostgresDirectoryStore(pool, false).Load({}).value();
    CHECK(rows.partners.size() == 2);
    REQUIRE(rows.keys.size() == 1);
    CHECK(rows.keys[0].id == kept.id());
    REQUIRE(rows.admin_tokens.size() == 1);
    CHECK(rows.admin_tokens[0].name == "ops");
    REQUIRE(rows.people.size() == 1);
    CHECK(rows.people[0].email == "ada@example.com");
  }

  TEST_CASE_FIXTURE(StoreFixture, "only active structures are loaded") {
    const auto partner = StoredPartner();
    using enum domain::StructureState;
    (void)Stored(Structure(partner, "a", "{}", kDraft));
    const auto retired = Stored(Structure(partner, "b", "{}"));
    Change(retired, [&](domain::EventStructure& structure) { return structure.Become(kRetired, now); });
    const auto active = Stored(Structure(partner, "c", "{}", kActive));
    const auto rows = Load();
    REQUIRE(rows.structures.size() == 1);
    CHECK(rows.structures[0].id == active.head().id);
    CHECK(rows.structures[0].identity == domain::StructureIdentity{partner, "c"});
    CHECK(rows.structures[0].version == 1);
  }

  TEST_CASE_FIXTURE(StoreFixture, "schemas that are known are not sent again") {
    const auto partner = StoredPartner();
    const auto known = Stored(Structure(partner, "a", "true")).head().id;
    const auto unknown = Stored(Structure(partner, "b", "false")).head().id;
    auto rows = Load({known, {secrets.NewId(now)}}).structures;
    REQUIRE(rows.size() == 2);
    if (rows[0].id == unknown) std::swap(rows[0], rows[1]);
    CHECK(rows[0].id == known);
    CHECK(!rows[0].schema);
    CHECK(rows[1].schema == "false");
  }
}
