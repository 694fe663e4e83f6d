#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/Migrations.h"
#include "Infrastructure/Postgres/PostgresEventReader.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>
#include <soci/soci.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using domain::Result;
using test::Sql;

namespace {

domain::PartnerId PartnerWith(const std::string& digits) {
  return domain::PartnerId::Parse("00000000-0000-7000-8000-0000000000" + digits).value();
}
const auto kAcme = PartnerWith("01"), kOther = PartnerWith("02"), kNobody = PartnerWith("03");

/// A row of a partner in every table that requests read; {p} and {s} are the ids of the partner and its system.
constexpr const char* kWriteRows = R"(
  INSERT INTO write.partners (partner_id, name, created_at) VALUES ('{p}', '{p}', now());
  INSERT INTO write.partner_systems (partner_system_id, partner_id, name, invalid_events, created_at)
  VALUES ('{s}', '{p}', 'web', 'flag', now());
  INSERT INTO write.api_keys (api_key_id, partner_system_id, name, prefix, key_hash, created_at)
  VALUES ('{s}', '{s}', 'key', 'vk', sha256('{s}'), now());
  INSERT INTO write.api_key_uses (api_key_id, last_used_at) VALUES ('{s}', now());
  INSERT INTO write.event_structures (structure_id, partner_id, event_name, version, schema, state, created_at)
  VALUES ('{p}', '{p}', 'purchase', 1, '{}', 'active', now());
  INSERT INTO write.audit_log (partner_id, actor, action, target, correlation_id) VALUES ('{p}', 'a', 'b', 'c', 'd');
  INSERT INTO write.users (user_id, email, created_at) VALUES ('{p}', '{p}@example.com', now());
  INSERT INTO write.memberships (membership_id, partner_id, user_id, role, invited_at)
  VALUES ('{p}', '{p}', '{p}', 'admin', now());
  INSERT INTO write.service_tokens (service_token_id, partner_id, name, prefix, token_hash, scopes, created_by, created_at)
  VALUES ('{p}', '{p}', 'token', 'vs', sha256('{p}'), 'events:read', 'a', now());
  INSERT INTO write.background_jobs (job_id, partner_id, kind, request, state, created_by, correlation_id, created_at)
  VALUES ('{p}', '{p}', 'impact', '{}', 'succeeded', 'a', 'c', now());
  WITH batch AS (SELECT nextval('write.batch_ids') AS id)
  INSERT INTO write.judgements (batch_id, ordinal, job_id, tracking_event_id, event_created_at, was_valid, was_unjudged,
                                is_valid, is_unjudged)
  SELECT id, 0, '{p}', '{p}', now(), true, false, true, false FROM batch)";

constexpr const char* kReadRows = R"(
  INSERT INTO read.tracking_events_read_model (
    tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
    event_timestamp, is_valid, properties, properties_bytes, correlation_id, created_at, batch_id)
  VALUES ('{s}', '{p}', 'p', '{s}', 'web', 'e', 'purchase', '2026-11-20Z', true, '{}', 2, 'c', '2026-11-20Z', 1);
  INSERT INTO read.unknown_events (partner_id, event_name, partner_system_id, events, first_seen, last_seen)
  VALUES ('{p}', 'click', '{s}', 1, now(), now());
  INSERT INTO read.changed_days (partner_id, day, changes) VALUES ('{p}', '2026-11-20', 1);
  INSERT INTO read.count_additions (partner_id, first_day, last_day, cell_count, cells)
  VALUES ('{p}', '2026-11-20', '2026-11-20', 0, '');
  INSERT INTO read.day_counts (partner_system_id, day, event_name, partner_id, valid, invalid, unjudged, duplicates,
                               quarters)
  VALUES ('{s}', '2026-11-20', '', '{p}', 1, 0, 0, 0, '');
  INSERT INTO read.user_sketches (partner_system_id, event_name, day, partner_id, sketch)
  VALUES ('{s}', 'purchase', '2026-11-20', '{p}', '');
  INSERT INTO read.hour_user_sketches (partner_system_id, hour, partner_id, sketch)
  VALUES ('{s}', '2026-11-20T10:00:00Z', '{p}', ''))";

std::string RowsOf(std::string sql, domain::PartnerId partner) {
  const auto id = partner.ToString();
  const auto system = "1" + id.substr(1);
  for (const auto& [place, value] : {std::pair<std::string, std::string>{"{p}", id}, {"{s}", system}}) {
    for (auto at = sql.find(place); at != std::string::npos; at = sql.find(place)) sql.replace(at, place.size(), value);
  }
  return sql;
}

/// Both stores with rows of two partners in every table that requests read.
struct TwoPartners {
  TwoPartners() {
    Sql(stores.read_dsn(),
        "CREATE TABLE read.events_2026_11 PARTITION OF read.tracking_events_read_model "
        "FOR VALUES FROM ('2026-11-01Z') TO ('2026-12-01Z')");
    for (const auto& partner : {kAcme, kOther}) {
      Sql(stores.write_dsn(), RowsOf(kWriteRows, partner));
      Sql(stores.read_dsn(), RowsOf(kReadRows, partner));
    }
  }

  test::TestStores stores;
  test::RecordedLog log;
  SociPool write_pool{{CompleteConnectionString(stores.write_dsn()).value(), 1}, log};
  SociPool read_pool{{CompleteConnectionString(stores.read_dsn()).value(), 1}, log};
};

/// The one value that `sql` gives, which says nothing of any partner by itself.
Result<std::string> Ask(SociPool& pool, const RowScope& rows, const std::string& sql) {
  return pool.Run({"ask", rows}, [&](soci::session& session) -> Result<std::string> {
    std::string value;
    session.once << sql, soci::into(value);
    return value;
  });
}

/// How many rows an UPDATE that says nothing of any partner changes.
Result<long long> Change(SociPool& pool, const RowScope& rows, const std::string& sql) {
  return pool.Run({"change", rows}, [&](soci::session& session) -> Result<long long> {
    soci::statement statement = (session.prepare << sql);
    statement.execute(true);
    return statement.get_affected_rows();
  });
}

std::vector<std::string> Column(const std::string& dsn, const std::string& sql) {
  std::vector<std::string> values;
  for (const auto& row : test::SqlRows(dsn, sql)) values.push_back(row.at(0).value());
  return values;
}

/// The tables of a store that requests may read.
std::vector<std::string> TablesRead(const std::string& dsn, const std::string& store) {
  return Column(dsn, R"(
    SELECT oid::regclass::text FROM pg_class
     WHERE relnamespace = ')" +
                         store + R"('::regnamespace AND relkind IN ('r', 'p')
       AND has_table_privilege(current_user || '_request', oid, 'SELECT')
     ORDER BY 1)");
}

/// Asks, table by table and without a condition, as each of the partners and as none.
void CheckSecondWall(SociPool& pool, const std::string& dsn, const std::string& store,
                     const std::vector<std::string>& without_partner) {
  const auto tables = TablesRead(dsn, store);
  CHECK(tables.size() > 2);
  for (const auto& table : tables) {
    CAPTURE(table);
    if (std::count(without_partner.begin(), without_partner.end(), table) > 0) continue;
    const auto count = "SELECT count(*)::text FROM " + table;
    REQUIRE(Sql(dsn, count) == "2");  // there is something to hide: see the rows above
    CHECK(Ask(pool, RowScope::Unbound(), count).value() == "2");
    CHECK(Ask(pool, RowScope::OfAny({kAcme, kOther}), count).value() == "2");
    const auto digest = "SELECT coalesce(md5(string_agg(it::text, ',')), 'nothing') FROM " + table + " AS it";
    const auto of_acme = Ask(pool, RowScope::Of(kAcme), digest).value();
    const auto of_other = Ask(pool, RowScope::Of(kOther), digest).value();
    CHECK(Ask(pool, RowScope::Of(kAcme), count).value() == "1");
    CHECK(Ask(pool, RowScope::Of(kOther), count).value() == "1");
    CHECK(of_acme != of_other);
    CHECK(Ask(pool, RowScope::Of(kNobody), count).value() == "0");
    CHECK(Ask(pool, RowScope::OfAny({}), count).value() == "0");
    if (table != "write.partners") CHECK(Ask(pool, RowScope::OfPartnerList(), count).value() == "0");
  }
}

/// The tables, but for partitions, that are not behind forced row level security.
std::vector<std::string> OpenTables(const std::string& dsn, const std::string& store) {
  return Column(dsn, R"(
    SELECT relname FROM pg_class
     WHERE relnamespace = ')" +
                         store + R"('::regnamespace AND relkind NOT IN ('i', 'I', 'S', 't', 'c')
       AND NOT relispartition AND NOT (relrowsecurity AND relforcerowsecurity)
     ORDER BY 1)");
}

}  // namespace

TEST_SUITE("the second wall between partners") {
  TEST_CASE_FIXTURE(TwoPartners, "without a condition on the partner, requests see their own partner's rows alone") {
    CheckSecondWall(write_pool, stores.write_dsn(), "write", {});
    CheckSecondWall(read_pool, stores.read_dsn(), "read", {"read.freshness", "read.identity"});
  }

  TEST_CASE_FIXTURE(TwoPartners, "who asks for another partner's row by its id gets nothing") {
    const auto key = kAcme.ToString().replace(0, 1, "1");
    for (const auto* question : {"SELECT count(*)::text FROM write.api_keys WHERE api_key_id = '",
                                 "SELECT count(*)::text FROM write.partner_systems WHERE partner_system_id = '"}) {
      CHECK(Ask(write_pool, RowScope::Of(kAcme), question + key + "'").value() == "1");
      CHECK(Ask(write_pool, RowScope::Of(kOther), question + key + "'").value() == "0");
    }
    const auto event =
        "SELECT count(*)::text FROM read.tracking_events_read_model WHERE tracking_event_id = '" + key + "'";
    CHECK(Ask(read_pool, RowScope::Of(kAcme), event).value() == "1");
    CHECK(Ask(read_pool, RowScope::Of(kOther), event).value() == "0");
  }

  TEST_CASE_FIXTURE(TwoPartners, "requests see the addresses of their own partner's members alone") {
    const std::string question = "SELECT coalesce(string_agg(email, ','), 'nobody') FROM write.users";
    CHECK(Ask(write_pool, RowScope::Of(kAcme), question).value() == kAcme.ToString() + "@example.com");
    CHECK(Ask(write_pool, RowScope::Of(kOther), question).value() == kOther.ToString() + "@example.com");
    CHECK(Ask(write_pool, RowScope::Of(kNobody), question).value() == "nobody");
    for (const auto* forbidden :
         {"SELECT coalesce(max(password_hash), '') FROM write.users", "SELECT count(*)::text FROM write.sessions",
          "SELECT count(*)::text FROM write.one_time_tokens", "SELECT count(*)::text FROM write.signing_keys"}) {
      CAPTURE(forbidden);
      CHECK_FALSE(Ask(write_pool, RowScope::Of(kAcme), forbidden).ok());
    }
    CHECK(Change(write_pool, RowScope::Of(kOther), "DELETE FROM write.memberships").value() == 1);
    CHECK(Sql(stores.write_dsn(), "SELECT partner_id FROM write.memberships") == kAcme.ToString());
  }

  TEST_CASE_FIXTURE(TwoPartners, "the reader gives another partner's system no events") {
    PostgresEventReader reader(read_pool);
    application::EventQuery query;
    query.systems = {domain::PartnerSystemId::Parse(kAcme.ToString().replace(0, 1, "1")).value()};
    query.partner = kOther;
    CHECK(reader.Find(query)->items.empty());
    CHECK(reader.CountBySystem(query).value() == std::vector<std::int64_t>{0});
    query.partner = kAcme;
    CHECK(reader.Find(query)->items.size() == 1);
    CHECK(reader.CountBySystem(query).value() == std::vector<std::int64_t>{1});
  }

  TEST_CASE_FIXTURE(TwoPartners, "what requests write is their own partner's, too") {
    for (const auto* change :
         {"UPDATE write.partners SET revision = revision + 1",
          "UPDATE write.partner_systems SET revision = revision + 1", "UPDATE write.api_keys SET revoked_at = now()",
          "UPDATE write.event_structures SET revision = revision + 1",
          "UPDATE write.background_jobs SET cancel_requested = true"}) {
      CAPTURE(change);
      CHECK(Change(write_pool, RowScope::Of(kOther), change).value() == 1);
      CHECK(Change(write_pool, RowScope::Of(kNobody), change).value() == 0);
    }
    CHECK(Sql(stores.write_dsn(),
              "SELECT revision FROM write.partners WHERE partner_id = '" + kAcme.ToString() + "'") == "1");
    const auto acmes = "INSERT INTO write.audit_log (partner_id, actor, action, target, correlation_id) VALUES ('" +
                       kAcme.ToString() + "', 'a', 'b', 'c', 'd')";
    const auto member =
        "INSERT INTO write.memberships (membership_id, partner_id, user_id, role, invited_at) VALUES "
        "(gen_random_uuid(), '" +
        kAcme.ToString() + "', '" + kOther.ToString() + "', 'analyst', now())";
    for (const auto& row : {acmes, member}) {
      CAPTURE(row);
      CHECK_FALSE(Change(write_pool, RowScope::Of(kOther), row).ok());
      CHECK(Change(write_pool, RowScope::Of(kAcme), row).ok());
    }
    CHECK_FALSE(Change(write_pool, RowScope::Of(kOther),
                       "UPDATE write.partner_systems SET partner_id = '" + kAcme.ToString() + "', name = 'moved'")
                    .ok());
    for (const auto* forbidden : {"DELETE FROM write.audit_log", "DELETE FROM write.api_keys",
                                  "UPDATE write.directory_revision SET revision = 1",
                                  "INSERT INTO write.admin_tokens (token_hash, name, prefix) VALUES ('', '', '')"}) {
      CAPTURE(forbidden);
      CHECK_FALSE(Change(write_pool, RowScope::Of(kAcme), forbidden).ok());
    }
  }

  TEST_CASE_FIXTURE(TwoPartners, "a connection that goes back to the pool carries no partner over") {
    const std::string who =
        "SELECT current_user || ' ' || coalesce(current_setting('volcanion.partners', true), '') || "
        "coalesce(current_setting('volcanion.lists_partners', true), '')";
    const auto before = Ask(write_pool, RowScope::Unbound(), who).value();
    const auto backend = Ask(write_pool, RowScope::Unbound(), "SELECT pg_backend_pid()::text").value();
    CHECK(Ask(write_pool, RowScope::Of(kAcme), who).value() != before);
    CHECK(Ask(write_pool, RowScope::Unbound(), who).value() == before);
    CHECK(Ask(write_pool, RowScope::OfPartnerList(), who).value() != before);
    CHECK(Ask(write_pool, RowScope::Of(kOther), "SELECT count(*)::text FROM write.partners").value() == "1");
    const auto rolled_back = write_pool.Run({"ask", RowScope::Of(kAcme)}, [](soci::session&) -> Result<domain::Done> {
      return domain::Error{domain::ErrorKind::kNotFound, "no"};
    });
    CHECK_FALSE(rolled_back.ok());
    CHECK(Ask(write_pool, RowScope::Unbound(), who).value() == before);
    CHECK(Ask(write_pool, RowScope::OfAny({}), "SELECT count(*)::text FROM write.partners").value() == "0");
    CHECK(Ask(write_pool, RowScope::Unbound(), "SELECT pg_backend_pid()::text").value() == backend);
  }

  TEST_CASE_FIXTURE(TwoPartners, "every table is behind row level security, or holds no partner's rows") {
    CHECK(OpenTables(stores.write_dsn(), "write") == std::vector<std::string>{
                                                         "batches",             // numbers and sizes of transactions
                                                         "directory_revision",  // one number
                                                         "outbox",              // as batches
                                                         "schema_migrations",   // the history of this database
                                                         "set_aside_batches",   // as batches
                                                     });
    CHECK(OpenTables(stores.read_dsn(), "read") == std::vector<std::string>{
                                                       "freshness",          // one position and one time
                                                       "identity",           // one id, of the store
                                                       "projected_batches",  // numbers of batches
                                                       "schema_migrations",  // the history of this database
                                                   });
  }

  TEST_CASE_FIXTURE(TwoPartners, "requests come to events through their table alone, and own nothing") {
    const std::string role = "current_user || '_request'";
    for (const auto& dsn : {stores.write_dsn(), stores.read_dsn()}) {
      CHECK(Sql(dsn, "SELECT rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole FROM pg_roles WHERE rolname = " +
                         role) == "f");
      CHECK(Sql(dsn, "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = " + role) == "0");
      CHECK(Sql(dsn,
                "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text IN ('read', 'write') AND "
                "relkind IN ('r', 'p') AND relname <> 'memberships' AND has_table_privilege(" +
                    role + ", oid, 'DELETE, TRUNCATE, TRIGGER')") == "0");
    }
    CHECK(Sql(stores.read_dsn(), "SELECT has_table_privilege(" + role + ", 'read.events_2026_11', 'SELECT')") == "f");
    CHECK(Sql(stores.read_dsn(),
              "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND "
              "relnamespace = 'read'::regnamespace AND has_table_privilege(" +
                  role + ", oid, 'INSERT, UPDATE')") == "0");
  }
}

TEST_SUITE("rights of the role that Volcanion works as") {
  /// A database that belongs to a role of the given attributes, and its connection string as that role.
  struct Owned {
    explicit Owned(const std::string& attributes) {
      Sql(database.dsn(),
          "CREATE ROLE " + role + " " + attributes + "; ALTER DATABASE " + database.name() + " OWNER TO " + role);
    }
    Result<MigrationReport> MigrateWrite() const { return Migrate(dsn, "write", WriteStoreMigrations()); }

    test::TestDatabase database;
    const std::string role = "owner_of_" + database.name();
    const std::string dsn = database.dsn() + " options='-c role=" + role + "'";
  };

  TEST_CASE("who lacks them is told what a superuser has to run") {
    Owned plain("");
    const auto refused = plain.MigrateWrite();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == domain::ErrorKind::kConflict);
    const auto at = refused.error().message.find("again: ");
    REQUIRE(at != std::string::npos);
    const auto statements = refused.error().message.substr(at + 7);
    CHECK(statements ==
          "CREATE ROLE " + plain.role + "_request NOLOGIN; GRANT " + plain.role + "_request TO " + plain.role + ";");
    CHECK(Sql(plain.database.dsn(), "SELECT to_regnamespace('write') IS NULL") == "t");
    Sql(plain.database.dsn(), statements);
    const auto migrated = plain.MigrateWrite();
    CHECK_MESSAGE(migrated.ok(), migrated.error().message);
    CHECK(CheckMigrated(plain.dsn, "write", WriteStoreMigrations()).ok());
    Sql(plain.dsn, "REVOKE ALL ON ALL TABLES IN SCHEMA write FROM " + plain.role +
                       "_request; REVOKE ALL ON SCHEMA write "
                       "FROM " +
                       plain.role + "_request");  // as after a dump was restored without its rights
    CHECK(CheckMigrated(plain.dsn, "write", WriteStoreMigrations()).error().kind == domain::ErrorKind::kUnavailable);
    REQUIRE(plain.MigrateWrite().ok());
    CHECK(CheckMigrated(plain.dsn, "write", WriteStoreMigrations()).ok());
    CHECK(TablesRead(plain.dsn, "write").size() > 2);
    Sql(plain.database.dsn(), "ALTER ROLE " + plain.role + "_request BYPASSRLS");
    CHECK_FALSE(CheckMigrated(plain.dsn, "write", WriteStoreMigrations()).ok());
  }

  TEST_CASE("who may create roles makes that of requests, and is no superuser") {
    Owned owner("CREATEROLE BYPASSRLS");
    const auto migrated = owner.MigrateWrite();
    REQUIRE_MESSAGE(migrated.ok(), migrated.error().message);
    Sql(owner.database.dsn(), RowsOf(kWriteRows, kAcme) + ";" + RowsOf(kWriteRows, kOther));
    test::RecordedLog log;
    SociPool pool({CompleteConnectionString(owner.dsn).value(), 1}, log);
    CHECK(Ask(pool, RowScope::Unbound(), "SELECT current_user::text").value() == owner.role);
    CHECK(Ask(pool, RowScope::Of(kAcme), "SELECT current_user::text").value() == owner.role + "_request");
    CheckSecondWall(pool, owner.dsn, "write", {});
  }

  TEST_CASE("an owner that is exempt from nothing sees all rows, and requests do not") {
    Owned owner("CREATEROLE"), reads("CREATEROLE");
    const auto migrated = owner.MigrateWrite();
    REQUIRE_MESSAGE(migrated.ok(), migrated.error().message);
    const auto read = Migrate(reads.dsn, "read", ReadStoreMigrations());
    REQUIRE_MESSAGE(read.ok(), read.error().message);
    CHECK(Sql(owner.dsn, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") == "f");
    Sql(reads.dsn,
        "CREATE TABLE read.events_2026_11 PARTITION OF read.tracking_events_read_model "
        "FOR VALUES FROM ('2026-11-01Z') TO ('2026-12-01Z')");
    for (const auto& partner : {kAcme, kOther}) {
      Sql(owner.dsn, RowsOf(kWriteRows, partner));
      Sql(reads.dsn, RowsOf(kReadRows, partner));
    }
    test::RecordedLog log;
    SociPool writes({CompleteConnectionString(owner.dsn).value(), 1}, log);
    SociPool questions({CompleteConnectionString(reads.dsn).value(), 1}, log);
    CheckSecondWall(writes, owner.dsn, "write", {});
    CheckSecondWall(questions, reads.dsn, "read", {"read.freshness", "read.identity"});
    CHECK_FALSE(Ask(writes, RowScope::Of(kAcme), "SELECT count(*)::text FROM write.signing_keys").ok());
    // Only what is copied into is not forced upon it, and of that requests may read the events of the read store alone.
    const std::string not_forced =
        "SELECT relname FROM pg_class WHERE relnamespace::regnamespace::text IN ('read', 'write') AND relrowsecurity "
        "AND "
        "NOT relforcerowsecurity ORDER BY 1";
    CHECK(Column(owner.dsn, not_forced) == std::vector<std::string>{"event_keys", "tracking_events"});
    CHECK(Column(reads.dsn, not_forced) == std::vector<std::string>{"tracking_events_read_model"});
    Sql(owner.dsn, "DROP POLICY of_owner ON write.partners");  // as after a dump was restored for another owner
    CHECK(CheckMigrated(owner.dsn, "write", WriteStoreMigrations()).error().kind == domain::ErrorKind::kUnavailable);
    REQUIRE(owner.MigrateWrite().ok());
    CHECK(CheckMigrated(owner.dsn, "write", WriteStoreMigrations()).ok());
    CHECK(Sql(owner.dsn, "SELECT count(*) FROM write.partners") == "2");
  }

  TEST_CASE("judgements of a store from before are given their partners, whether their jobs are kept or not") {
    test::TestDatabase database;
    const auto all = WriteStoreMigrations();
    const auto end = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "row_security"; });
    REQUIRE(end != all.end());
    REQUIRE(Migrate(database.dsn(), "write", std::vector<Migration>(all.begin(), end)).ok());
    for (const auto& partner : {kAcme, kOther}) {
      Sql(database.dsn(), RowsOf(kWriteRows, partner));
      Sql(database.dsn(), RowsOf(R"(
        INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
                                           event_timestamp, is_valid, properties, correlation_id, created_at)
        SELECT nextval('write.batch_ids'), 0, '{p}', '{s}', 'e', 'purchase', now(), true, '{}', 'c', now())",
                                 partner));
    }
    Sql(database.dsn(), "DELETE FROM write.background_jobs WHERE partner_id = '" + kAcme.ToString() + "'");
    const auto migrated = Migrate(database.dsn(), "write", all);
    REQUIRE_MESSAGE(migrated.ok(), migrated.error().message);
    CHECK(Column(database.dsn(),
                 "SELECT partner_id FROM write.judgements WHERE tracking_event_id = partner_id "
                 "ORDER BY 1") == std::vector<std::string>{kAcme.ToString(), kOther.ToString()});
  }
}
