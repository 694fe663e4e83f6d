#include "Application/Commands/ChangePartner.h"
#include "Application/Commands/ChangeStructure.h"
#include "Application/Commands/PublishStructure.h"
#include "Infrastructure/JsonSchema/SchemaComparison.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"
#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Telemetry/SystemClock.h"
#include "tests/integration/StoreFixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using application::Override;
using domain::ErrorKind;
using domain::StructureIdentity;
using domain::StructureState;
using test::Sql;
using test::StoreFixture;
using enum domain::StructureState;

namespace {

/// A number up to that.
std::string AtMost(int maximum) { return R"({"properties":{"amount":{"maximum":)" + std::to_string(maximum) + "}}}"; }

/// The store with the commands on structures before it.
struct Registry : StoreFixture {
  SystemClock clock;
  ValijsonSchemaCompiler compiler;
  SchemaComparison comparer;
  application::DirectoryCache cache{directory, compiler, log, std::chrono::hours(1)};
  application::PublishStructureHandler publish{structures, cache, compiler, comparer, clock, secrets};
  application::ChangeStructureHandler change{structures, cache, compiler, comparer, clock, secrets};
  application::ChangePartnerHandler change_partner{management, cache};
  const domain::PartnerId partner = StoredPartner();
  const StructureIdentity purchase{partner, "purchase"};

  domain::Result<application::PublishedStructure> Publish(const StructureIdentity& identity, const std::string& schema,
                                                          StructureState state = kActive,
                                                          std::optional<Override> override = {}) {
    return publish.Handle({identity, schema, state, std::move(override), {"Ada", "c-1"}});
  }
  domain::Result<application::ChangedStructure> Take(const StructureIdentity& identity, int version,
                                                     StructureState state, std::optional<Override> override = {}) {
    application::ChangeStructure command{identity, version};
    command.state = state;
    command.override = std::move(override);
    return change.Handle(std::move(command));
  }
  const application::ActiveStructure* JudgeOf(domain::PartnerSystemId system, std::optional<int> version = {}) {
    current = cache.Current();
    return current->FindStructure(partner, system, "purchase", version);
  }
  std::string Written(const std::string& query) { return Sql(stores.write_dsn(), query); }

  std::shared_ptr<const application::Directory> current;
};

}  // namespace

TEST_SUITE("PostgresStructureStore") {
  TEST_CASE_FIXTURE(StoreFixture, "versions are numbered from 1 within partner, event name and system") {
    const auto acme = StoredPartner("Acme");
    const auto other = StoredPartner("Other");
    const auto system = StoredSystem(acme);
    CHECK(Stored(Structure(acme, "purchase")).version() == 1);
    CHECK(Stored(Structure(acme, "purchase")).version() == 2);
    CHECK(Stored(Structure(acme, "refund")).version() == 1);
    CHECK(Stored(Structure(other, "purchase")).version() == 1);
    CHECK(Stored(Structure({acme, "purchase", system})).version() == 1);
    CHECK(Stored(Structure({acme, "purchase", system})).version() == 2);
    CHECK(Stored(Structure(acme, "purchase")).version() == 3);
  }

  TEST_CASE_FIXTURE(StoreFixture, "versions that are added at the same time get different numbers without a gap") {
    const auto partner = StoredPartner();
    std::mutex mutex;
    std::set<int> versions;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 5; ++n) {
            (void)structures.Change({partner, "purchase"}, [&](application::StructureVersions& locked) {
              const auto version = locked.Add(Structure(partner)).version();
              const std::lock_guard lock(mutex);
              versions.insert(version);
              return domain::Result<domain::Done>(domain::Done{});
            });
          }
        });
      }
    }
    CHECK(versions.size() == 30);
    CHECK(*versions.rbegin() == 30);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a structure belongs to a partner that exists, and to a system of it") {
    const auto acme = StoredPartner("Acme");
    const auto foreign = StoredSystem(StoredPartner("Other"));
    const auto nothing = [](application::StructureVersions&) -> domain::Result<domain::Done> { return domain::Done{}; };
    const auto orphan = structures.Change({{secrets.NewId(now)}, "purchase"}, nothing);
    REQUIRE(!orphan.ok());
    CHECK(orphan.error().kind == ErrorKind::kNotFound);
    CHECK(structures.Change({acme, "purchase", foreign}, nothing).error().kind == ErrorKind::kNotFound);
    CHECK(structures.Baseline({acme, "purchase", foreign}).error().kind == ErrorKind::kNotFound);
    CHECK(structures.List({acme, foreign}).error().kind == ErrorKind::kNotFound);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a schema keeps its text") {
    const std::string schema = "{\"b\" : 1.0,\n \"a\":\"\\u0000 :x ::y 'z'\", \"a\": 2}";
    const auto partner = StoredPartner();
    const auto stored = Stored(Structure(partner, "purchase", schema));
    CHECK(Load().structures.at(0).schema == schema);
    const auto found = structures.Get({partner, "purchase"}, 1).value();
    CHECK(found.schema() == schema);
    CHECK(found.head().id == stored.head().id);
    CHECK(found.head().created_at == now);
    CHECK(found.head().activated_at == now);
    CHECK(!found.head().retired_at);
  }

  TEST_CASE_FIXTURE(StoreFixture, "a schema of the greatest size is stored whole") {
    std::string schema = R"({"description":")";
    schema += std::string(domain::kMaxSchemaBytes - schema.size() - 2, 'x') + "\"}";
    (void)Stored(Structure(StoredPartner(), "purchase", schema));
    CHECK(Load().structures[0].schema == schema);
  }

  TEST_CASE_FIXTURE(StoreFixture, "what a failing change has done is undone") {
    const auto partner = StoredPartner();
    const auto failed = structures.Change(
        {partner, "purchase"}, [&](application::StructureVersions& versions) -> domain::Result<domain::Done> {
          (void)versions.Add(Structure(partner));
          versions.Note({partner, {"Ada", "c-1"}, "structure.published", "purchase, version 1"});
          return domain::Error{ErrorKind::kConflict, "no"};
        });
    CHECK(failed.error().kind == ErrorKind::kConflict);
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.event_structures") == "0");
    CHECK(Sql(stores.write_dsn(), "SELECT count(*) FROM write.audit_log WHERE action <> 'tested'") == "0");
  }

  TEST_CASE_FIXTURE(StoreFixture, "pages reach every version once, in their order") {
    const auto partner = StoredPartner();
    const auto web = StoredSystem(partner, "web"), app = StoredSystem(partner, "app");
    std::set<std::string> ids;
    for (const auto& identity : {StructureIdentity{partner, "purchase", app}, StructureIdentity{partner, "purchase"},
                                 StructureIdentity{partner, "purchase", web}, StructureIdentity{partner, "a b/ü"}}) {
      for (int version = 1; version <= 3; ++version) ids.insert(Stored(Structure(identity)).head().id.ToString());
    }
    for (const int limit : {1, 2, 5, 12, 100}) {
      CAPTURE(limit);
      application::StructureQuery query{partner};
      query.limit = limit;
      std::vector<std::string> seen;
      std::vector<std::tuple<std::string, std::string, int>> order;
      while (true) {
        const auto page = structures.List(query).value();
        CHECK(page.items.size() <= static_cast<std::size_t>(limit));
        for (const auto& head : page.items) {
          const auto& identity = head.identity;
          seen.push_back(head.id.ToString());
          order.emplace_back(identity.event_name, identity.system ? identity.system->ToString() : "", -head.version);
          query.after = {identity.event_name, identity.system, head.version};
        }
        if (!page.more) break;
      }
      CHECK(seen.size() == ids.size());
      CHECK(std::set(seen.begin(), seen.end()) == ids);
      CHECK(std::is_sorted(order.begin(), order.end()));
    }
    CHECK(structures.List({partner, web}).value().items.size() == 3);
    CHECK(structures.List({partner, {}, "a b/ü"}).value().items.size() == 3);
    CHECK(structures.List({partner, {}, {}, kDraft}).value().items.empty());
  }
}

TEST_SUITE("the registry of structures") {
  TEST_CASE_FIXTURE(Registry, "publishing the same text again answers with the version that has it") {
    CHECK(Publish(purchase, AtMost(5)).value().is_new);
    const auto again = Publish(purchase, AtMost(5)).value();
    CHECK(!again.is_new);
    CHECK(again.structure.version() == 1);
    const auto draft = Publish(purchase, AtMost(5), kDraft).value();  // of another state
    CHECK(draft.is_new);
    CHECK(draft.structure.version() == 2);
    CHECK(Publish(purchase, AtMost(5), kDraft).value().structure.version() == 2);
    CHECK(Written("SELECT count(*) FROM write.event_structures") == "2");
    CHECK(Written("SELECT count(*) FROM write.audit_log WHERE action <> 'tested'") == "2");
  }

  TEST_CASE_FIXTURE(Registry, "a version that breaks what the partner demands is refused with each change") {
    REQUIRE(Publish(purchase, AtMost(1000)).ok());
    CHECK(Publish(purchase, AtMost(2000)).ok());
    const auto refused = Publish(purchase, AtMost(100));
    REQUIRE(!refused.ok());
    CHECK(refused.error().kind == ErrorKind::kConflict);
    REQUIRE(refused.error().faults.size() == 1);
    CHECK(refused.error().faults[0].pointer == "/properties/amount");
    CHECK(refused.error().faults[0].message.find("from 2000 to 100") != std::string::npos);
    REQUIRE(change_partner.Handle({partner, {.compatibility = domain::Compatibility::kForward}}).ok());
    CHECK(Publish(purchase, AtMost(3000)).error().kind == ErrorKind::kConflict);
    CHECK(Publish(purchase, AtMost(100)).ok());
    REQUIRE(change_partner.Handle({partner, {.compatibility = domain::Compatibility::kFull}}).ok());
    CHECK(Publish(purchase, AtMost(99)).error().kind == ErrorKind::kConflict);
    CHECK(Publish(purchase, AtMost(101)).error().kind == ErrorKind::kConflict);
    REQUIRE(change_partner.Handle({partner, {.compatibility = domain::Compatibility::kNone}}).ok());
    CHECK(Publish(purchase, AtMost(1)).ok());
  }

  TEST_CASE_FIXTURE(Registry, "a draft is compared when it becomes active, not before") {
    REQUIRE(Publish(purchase, AtMost(1000)).ok());
    REQUIRE(Publish(purchase, AtMost(100), kDraft).ok());
    const auto refused = Take(purchase, 2, kActive);
    REQUIRE(!refused.ok());
    CHECK(refused.error().kind == ErrorKind::kConflict);
    CHECK(refused.error().faults.size() == 1);
    CHECK(structures.Get(purchase, 2).value().state() == kDraft);
    application::ChangeStructure mend{purchase, 2};
    mend.schema = AtMost(1001);
    mend.state = kActive;
    const auto activated = change.Handle(std::move(mend));
    REQUIRE(activated.ok());
    CHECK(activated->structure.state() == kActive);
    CHECK(activated->structure.head().revision == 3);
    CHECK(structures.Get(purchase, 2).value().schema() == AtMost(1001));
  }

  TEST_CASE_FIXTURE(Registry, "an override is answered with the changes and audited with its reason") {
    REQUIRE(Publish(purchase, AtMost(1000)).ok());
    CHECK(Publish(purchase, AtMost(1), kActive, Override{""}).error().kind == ErrorKind::kInvalid);
    const auto published = Publish(purchase, AtMost(1), kActive, Override{"amounts were \"wrong\""});
    REQUIRE(published.ok());
    REQUIRE(published->incompatible_changes.size() == 1);
    const auto row = test::SqlRows(stores.write_dsn(),
                                   "SELECT partner_id, actor, action, target, correlation_id, "
                                   "details->>'overrideReason', details#>>'{incompatibleChanges,0,pointer}' "
                                   "FROM write.audit_log ORDER BY audit_id DESC LIMIT 1");
    CHECK(row == std::vector<test::SqlRow>{{partner.ToString(), "Ada", "structure.published", "purchase, version 2",
                                            "c-1", "amounts were \"wrong\"", "/properties/amount"}});
  }

  TEST_CASE_FIXTURE(Registry, "an active version is never changed again, only retired") {
    REQUIRE(Publish(purchase, AtMost(5)).ok());
    application::ChangeStructure replace{purchase, 1};
    replace.schema = "{}";
    CHECK(change.Handle(replace).error().kind == ErrorKind::kConflict);
    CHECK(Take(purchase, 1, kDraft).error().kind == ErrorKind::kConflict);
    CHECK(Take(purchase, 1, kActive).ok());  // it is that already
    CHECK(structures.Get(purchase, 1).value().head().revision == 1);
    REQUIRE(Take(purchase, 1, kRetired, Override{"sold no more"}).ok());
    CHECK(Take(purchase, 1, kActive).error().kind == ErrorKind::kConflict);
    CHECK(Take(purchase, 2, kActive).error().kind == ErrorKind::kNotFound);
    CHECK(change.Handle({purchase, 1}).error().kind == ErrorKind::kInvalid);
    CHECK(structures.Get(purchase, 1).value().schema() == AtMost(5));
  }

  TEST_CASE_FIXTURE(Registry, "a change that expects another revision is refused") {
    REQUIRE(Publish(purchase, AtMost(5), kDraft).ok());
    application::ChangeStructure command{purchase, 1};
    command.schema = AtMost(6);
    command.expected_revisions = {1};
    CHECK(change.Handle(command).ok());
    const auto sum = [](const std::string& text) { return "encode(sha256('" + text + "'), 'hex')"; };
    CHECK(Sql(stores.write_dsn(), "SELECT before->>'schemaSha256' = " + sum(AtMost(5)) +
                                      " AND after->>'schemaSha256' = " + sum(AtMost(6)) +
                                      " FROM write.audit_log WHERE action = 'structure.draft_replaced'") == "t");
    command.schema = AtMost(7);
    CHECK(change.Handle(command).error().kind == ErrorKind::kChangedMeanwhile);
    CHECK(structures.Get(purchase, 1).value().schema() == AtMost(6));
  }

  TEST_CASE_FIXTURE(Registry, "a system's own structure judges its events, whatever the partner's is") {
    const auto web = StoredSystem(partner, "web"), app = StoredSystem(partner, "app");
    REQUIRE(Publish(purchase, AtMost(5)).ok());
    REQUIRE(Publish(purchase, AtMost(6)).ok());
    const StructureIdentity own{partner, "purchase", app};
    const Override wanted{"this system sells less"};
    CHECK(Publish(own, AtMost(1)).error().kind == ErrorKind::kConflict);  // compared with what judges it now
    const auto narrowed = Publish(own, AtMost(1), kActive, wanted);
    REQUIRE(narrowed.ok());
    CHECK(narrowed->structure.version() == 1);
    REQUIRE(JudgeOf(app) != nullptr);
    CHECK(JudgeOf(app)->id == narrowed->structure.head().id);
    CHECK(JudgeOf(web)->version == 2);
    CHECK(JudgeOf(web, 1)->version == 1);
    CHECK(JudgeOf(app, 2) == nullptr);  // its own structure has no such version
    REQUIRE(Take(own, 1, kRetired).ok());
    CHECK(JudgeOf(app)->version == 2);
    CHECK(Take(purchase, 2, kRetired).error().kind == ErrorKind::kConflict);  // version 1 would judge, and is stricter
    REQUIRE(Take(purchase, 2, kRetired, wanted).ok());
    CHECK(JudgeOf(app)->version == 1);
  }

  TEST_CASE_FIXTURE(Registry, "the last active version is retired with an override, or where nothing is demanded") {
    const StructureIdentity own{partner, "purchase", StoredSystem(partner, "app")};
    const Override wanted{"sold no more"};
    REQUIRE(Publish(purchase, AtMost(5)).ok());
    REQUIRE(Publish(purchase, AtMost(6)).ok());
    REQUIRE(Publish(own, AtMost(6)).ok());
    REQUIRE(Take(purchase, 1, kRetired).ok());
    const auto refused = Take(purchase, 2, kRetired);  // the system's own judges no events of others
    REQUIRE(refused.error().kind == ErrorKind::kConflict);
    REQUIRE(refused.error().faults.size() == 1);
    CHECK(refused.error().faults[0].code == "last_version_retired");
    CHECK(Take(purchase, 2, kRetired, Override{""}).error().kind == ErrorKind::kInvalid);
    CHECK(structures.Get(purchase, 2).value().state() == kActive);
    const auto retired = Take(purchase, 2, kRetired, wanted);
    REQUIRE(retired.ok());
    CHECK(retired->incompatible_changes.size() == 1);
    CHECK(Written("SELECT (details->>'overrideReason') || (details#>>'{incompatibleChanges,0,code}') "
                  "FROM write.audit_log ORDER BY audit_id DESC LIMIT 1") == "sold no morelast_version_retired");
    CHECK(Take(own, 1, kRetired).error().kind == ErrorKind::kConflict);
    application::ChangePartner careless{partner};
    careless.change.compatibility = domain::Compatibility::kNone;
    REQUIRE(change_partner.Handle(careless).ok());
    const auto unasked = Take(own, 1, kRetired);
    REQUIRE(unasked.ok());
    CHECK(unasked->incompatible_changes.empty());
  }

  TEST_CASE_FIXTURE(Registry, "retiring everything first does not evade the comparison") {
    REQUIRE(Publish(purchase, AtMost(1000)).ok());
    REQUIRE(Take(purchase, 1, kRetired, Override{"to begin again"}).ok());
    const auto evading = Publish(purchase, AtMost(10));
    CHECK(evading.error().kind == ErrorKind::kConflict);
    CHECK(evading.error().faults.size() == 1);
    CHECK(Publish(purchase, AtMost(2000)).ok());
  }

  TEST_CASE_FIXTURE(Registry, "of two activations at once, one is compared with the other") {
    // Each maximum is fine beside 10, and none beside a larger one: in every order, a version that becomes active has
    // a larger maximum than all that became active before it.
    constexpr int kRounds = 12;
    for (int round = 0; round < kRounds; ++round) {
      const StructureIdentity identity{partner, "round " + std::to_string(round)};
      constexpr int kContenders = 4;
      REQUIRE(Publish(identity, AtMost(10)).ok());
      for (int i = 1; i <= kContenders; ++i) REQUIRE(Publish(identity, AtMost(10 * i + 10), kDraft).ok());
      std::barrier together(kContenders);
      std::atomic<int> activated = 0, refused = 0;
      {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kContenders; ++i) {
          threads.emplace_back([&, version = 2 + i] {
            together.arrive_and_wait();
            const auto done = Take(identity, version, kActive);
            if (done) {
              ++activated;
            } else if (done.error().kind == ErrorKind::kConflict) {
              ++refused;
            }
          });
        }
      }
      CHECK(activated >= 1);
      CHECK(activated + refused == kContenders);
    }
    // What was active at an activation, by the order of the audit log: the newest active version before it.
    CHECK(Written(R"sql(
      WITH activations AS (
        SELECT s.event_name, s.version, a.audit_id
          FROM write.audit_log a JOIN write.event_structures s ON s.structure_id = (a.details->>'structureId')::uuid
         WHERE a.action = 'structure.activated')
      SELECT count(*) FROM activations late JOIN activations early USING (event_name)
       WHERE early.audit_id < late.audit_id AND early.version > late.version)sql") == "0");
  }

  TEST_CASE_FIXTURE(Registry, "the audit log is read newest first, page by page, and never changed") {
    for (int i = 1; i <= 5; ++i) REQUIRE(Publish(purchase, AtMost(i)).ok());
    const auto other = StoredPartner("Other");
    PostgresAuditLog reader(pool);
    std::vector<std::string> targets;
    std::optional<std::int64_t> before;
    while (true) {
      const auto page = reader.List({.partner = partner, .limit = 2, .before = before}).value();
      for (const auto& row : page.items) {
        targets.push_back(row.target);
        before = row.id;
      }
      if (!page.more) break;
    }
    CHECK(targets == std::vector<std::string>{"purchase, version 5", "purchase, version 4", "purchase, version 3",
                                              "purchase, version 2", "purchase, version 1", "x"});
    CHECK(reader.List({.partner = other}).value().items.size() == 1);  // that it was added
    CHECK(reader.List({.partner = {secrets.NewId(now)}}).error().kind == ErrorKind::kNotFound);
    for (const std::string statement :
         {"UPDATE write.audit_log SET actor = 'x'", "DELETE FROM write.audit_log", "TRUNCATE write.audit_log"}) {
      CHECK_THROWS(Sql(stores.write_dsn(), statement));
    }
  }
}
