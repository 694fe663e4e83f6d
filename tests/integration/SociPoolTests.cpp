#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <soci/soci.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using domain::Done;
using domain::ErrorKind;
using domain::Result;
using test::Sql;

namespace {

struct PoolFixture {
  test::TestDatabase database;
  test::RecordedLog log;

  std::string Dsn(const ConnectionDefaults& defaults = {}) const {
    return CompleteConnectionString(database.dsn(), defaults).value();
  }
  SociPoolSettings Settings(std::size_t max_connections = 4) const {
    return {Dsn(), max_connections, std::chrono::milliseconds(50)};
  }
};

/// The value that `sql` gives.
Result<std::string> Ask(SociPool& pool, const std::string& sql) {
  return pool.Run({"ask", RowScope::Unbound()}, [&](soci::session& session) -> Result<std::string> {
    std::string value;
    session.once << sql, soci::into(value);
    return value;
  });
}

/// Runs `sql` in a transaction of its own.
Result<Done> Do(SociPool& pool, const std::string& sql) {
  return pool.Run({"do", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    session.once << sql;
    return Done{};
  });
}

std::string BackendPid(SociPool& pool) { return Ask(pool, "SELECT pg_backend_pid()::text").value(); }

}  // namespace

TEST_SUITE("SociPool") {
  TEST_CASE_FIXTURE(PoolFixture, "a transaction that gives a value is committed") {
    SociPool pool(Settings(), log);
    REQUIRE(Do(pool, "CREATE TABLE things (id integer)").ok());
    REQUIRE(Do(pool, "INSERT INTO things VALUES (1)").ok());
    CHECK(Sql(database.dsn(), "SELECT count(*) FROM things") == "1");
  }

  TEST_CASE_FIXTURE(PoolFixture, "a transaction that gives an error is rolled back, and its connection kept") {
    SociPool pool(Settings(), log);
    const auto pid = BackendPid(pool);
    const auto result = pool.Run({"test", RowScope::Unbound()}, [](soci::session& session) -> Result<int> {
      session.once << "CREATE TABLE things (id integer)";
      return domain::Error{ErrorKind::kForbidden, "No."};
    });
    REQUIRE(!result.ok());
    CHECK(result.error().kind == ErrorKind::kForbidden);
    CHECK(Sql(database.dsn(), "SELECT to_regclass('things') IS NULL") == "t");
    CHECK(BackendPid(pool) == pid);
  }

  TEST_CASE_FIXTURE(PoolFixture, "after an exception the transaction is rolled back and the connection thrown away") {
    SociPool pool(Settings(1), log);
    const auto pid = BackendPid(pool);
    const auto result = pool.Run({"test", RowScope::Unbound()}, [](soci::session& session) -> Result<int> {
      session.once << "CREATE TABLE things (id integer)";
      throw std::runtime_error("a defect");
    });
    REQUIRE(!result.ok());
    CHECK(result.error().kind == ErrorKind::kInternal);
    CHECK(result.error().message.find("defect") == std::string::npos);
    CHECK(log.Count("operation=test sqlstate= reason=a defect") == 1);
    CHECK(BackendPid(pool) != pid);
    CHECK(Sql(database.dsn(), "SELECT to_regclass('things') IS NULL") == "t");
  }

  TEST_CASE_FIXTURE(PoolFixture, "something thrown that is no exception passes, and leaves the pool whole") {
    SociPool pool(Settings(1), log);
    CHECK_THROWS_AS((void)pool.Run({"test", RowScope::Unbound()}, [](soci::session&) -> Result<int> { throw 1; }), int);
    CHECK(Ask(pool, "SELECT 'fine'").value() == "fine");
  }

  TEST_CASE_FIXTURE(PoolFixture, "a transaction that the server has rolled back does not count as committed") {
    SociPool pool(Settings(), log);
    const auto result = pool.Run({"test", RowScope::Unbound()}, [](soci::session& session) -> Result<int> {
      try {
        session.once << "SELECT 1 / 0";
      } catch (const std::exception&) {
      }
      return 1;
    });
    REQUIRE(!result.ok());
    CHECK(result.error().kind == ErrorKind::kInternal);
  }

  TEST_CASE_FIXTURE(PoolFixture, "a deferred constraint that fails at COMMIT is seen") {
    SociPool pool(Settings(), log);
    REQUIRE(Do(pool, "CREATE TABLE things (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)").ok());
    CHECK(Do(pool, "INSERT INTO things VALUES (1), (1)").error().kind == ErrorKind::kConflict);
  }

  TEST_CASE_FIXTURE(PoolFixture, "each kind of refusal has its kind of error, without anything internal in it") {
    SociPool pool(Settings(), log);
    REQUIRE(Do(pool, "CREATE TABLE parents (id integer PRIMARY KEY)").ok());
    REQUIRE(Do(pool, "CREATE TABLE children (id integer PRIMARY KEY REFERENCES parents)").ok());
    REQUIRE(Do(pool, "INSERT INTO parents VALUES (1)").ok());
    const std::vector<std::pair<std::string, ErrorKind>> cases = {
        {"INSERT INTO parents VALUES (1)", ErrorKind::kConflict},
        {"INSERT INTO children VALUES (2)", ErrorKind::kNotFound},
        {"SELECT convert_from('\\xff', 'UTF8')", ErrorKind::kInvalid},
        {"SET statement_timeout = 1; SELECT pg_sleep(10)", ErrorKind::kUnavailable},
        {"SELECT nonsense", ErrorKind::kInternal},
        {"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END $$", ErrorKind::kUnavailable},
        {"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53400'; END $$", ErrorKind::kTooLarge},
        {"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$", ErrorKind::kUnavailable},
        {"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '55P03'; END $$", ErrorKind::kUnavailable},
    };
    for (const auto& [sql, kind] : cases) {
      CAPTURE(sql);
      const auto result = Do(pool, sql);
      REQUIRE(!result.ok());
      CHECK(result.error().kind == kind);
      for (const auto* internal : {"parents", "nonsense", "ERROR", "SELECT", "23505", "pg_"}) {
        CHECK(result.error().message.find(internal) == std::string::npos);
      }
    }
  }

  TEST_CASE_FIXTURE(PoolFixture, "the log tells PostgreSQL's reason, without the values of the row") {
    SociPool pool(Settings(), log);
    REQUIRE(Do(pool, "CREATE TABLE things (secret text CHECK (length(secret) < 3))").ok());
    CHECK(!Do(pool, "INSERT INTO things VALUES ('hush-hush')").ok());
    CHECK(log.Count("operation=do sqlstate=23514") == 1);
    CHECK(log.Count("things_secret_check") == 1);
    CHECK(log.Count("hush") == 0);
  }

  TEST_CASE_FIXTURE(PoolFixture, "when all connections are busy, the next transaction is refused after its time") {
    SociPool pool(Settings(1), log);
    const auto outer = pool.Run({"outer", RowScope::Unbound()}, [&](soci::session&) -> Result<Done> {
      const auto inner = Ask(pool, "SELECT 'never'");
      REQUIRE(!inner.ok());
      CHECK(inner.error().kind == ErrorKind::kUnavailable);
      CHECK(inner.error().message.starts_with("All connections are busy"));
      return Done{};
    });
    CHECK(outer.ok());
    CHECK(Ask(pool, "SELECT 'now'").value() == "now");
  }

  TEST_CASE_FIXTURE(PoolFixture, "threads share few connections") {
    auto settings = Settings(2);
    settings.lease_timeout = std::chrono::seconds(30);
    SociPool pool(settings, log);
    REQUIRE(Do(pool, "CREATE TABLE things (pid integer)").ok());
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 20; ++n) (void)Do(pool, "INSERT INTO things VALUES (pg_backend_pid())");
        });
      }
    }
    CHECK(Sql(database.dsn(), "SELECT count(*) FROM things") == "120");
    CHECK(std::stoi(Sql(database.dsn(), "SELECT count(DISTINCT pid) FROM things")) <= 2);
  }

  TEST_CASE_FIXTURE(PoolFixture, "a connection that broke while idle is replaced before anybody notices") {
    SociPool pool(Settings(1), log);
    const auto pid = BackendPid(pool);
    Sql(database.dsn(), "SELECT pg_terminate_backend(" + pid + ", 10000)");
    CHECK(BackendPid(pool) != pid);
    CHECK(log.lines().empty());
  }

  TEST_CASE_FIXTURE(PoolFixture, "a connection that breaks in a transaction is unavailable, and replaced") {
    SociPool pool(Settings(1), log);
    const auto result = pool.Run({"test", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
      std::string pid;
      session.once << "SELECT pg_backend_pid()::text", soci::into(pid);
      Sql(database.dsn(), "SELECT pg_terminate_backend(" + pid + ", 10000)");
      session.once << "SELECT 1";
      return Done{};
    });
    REQUIRE(!result.ok());
    CHECK(result.error().kind == ErrorKind::kUnavailable);
    CHECK(Ask(pool, "SELECT 'again'").value() == "again");
  }

  TEST_CASE_FIXTURE(PoolFixture, "a connection that breaks at COMMIT is unavailable") {
    SociPool pool(Settings(1), log);
    const auto result = pool.Run({"test", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
      std::string pid;
      session.once << "SELECT pg_backend_pid()::text", soci::into(pid);
      Sql(database.dsn(), "SELECT pg_terminate_backend(" + pid + ", 10000)");
      return Done{};
    });
    REQUIRE(!result.ok());
    CHECK(result.error().kind == ErrorKind::kUnavailable);
  }

  TEST_CASE_FIXTURE(PoolFixture, "a database that is away is logged once, and so is its return") {
    SociPool pool(Settings(), log);
    Sql(Dsn(), "SELECT 1");
    const auto admin = database.dsn() + " dbname=postgres";
    const auto away = database.name() + "_away";
    Sql(admin, "ALTER DATABASE " + database.name() + " RENAME TO " + away);
    for (int i = 0; i < 3; ++i) {
      const auto result = Ask(pool, "SELECT 'x'");
      REQUIRE(!result.ok());
      CHECK(result.error().kind == ErrorKind::kUnavailable);
      CHECK(result.error().message.find(database.name()) == std::string::npos);
    }
    CHECK(log.Count("the database cannot be reached") == 1);
    CHECK(log.Count("database \"" + database.name() + "\" does not exist") == 1);
    Sql(admin, "ALTER DATABASE " + away + " RENAME TO " + database.name());
    CHECK(Ask(pool, "SELECT 'x'").ok());
    CHECK(Ask(pool, "SELECT 'x'").ok());
    CHECK(log.Count("the database answers again") == 1);
  }

  TEST_CASE_FIXTURE(PoolFixture,
                    "a transaction that the server does not end in time is cut, and its place given back") {
    auto settings = Settings(1);
    settings.transaction_timeout = std::chrono::milliseconds(300);
    SociPool pool(settings, log);
    const auto hung = Do(pool, "SELECT pg_sleep(60)");
    REQUIRE_FALSE(hung.ok());
    CHECK(hung.error().kind == ErrorKind::kUnavailable);
    CHECK(Ask(pool, "SELECT 'free'").value() == "free");
  }

  TEST_CASE_FIXTURE(PoolFixture, "what is under way can be interrupted") {
    SociPool pool(Settings(1), log);
    std::thread interrupting([&] {
      test::WaitUntil("the transaction is under way", [&] {
        return Sql(database.dsn(), "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(61)%'") ==
               "1";
      });
      pool.Interrupt();
    });
    const auto cut = Do(pool, "SELECT pg_sleep(61)");
    interrupting.join();
    REQUIRE_FALSE(cut.ok());
    CHECK(cut.error().kind == ErrorKind::kUnavailable);
    CHECK(Ask(pool, "SELECT 'free'").value() == "free");
  }

  TEST_CASE_FIXTURE(PoolFixture, "who has the descriptor of a connection that broke under way is not cut for it") {
    SociPool pool(Settings(1), log);
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    (void)pool.Run({"test", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
      auto* const connection = infrastructure::PqConnectionOf(session);
      const int descriptor = PQsocket(connection);
      CHECK_THROWS(session.once << "SELECT pg_terminate_backend(pg_backend_pid())");
      REQUIRE(PQsocket(connection) == -1);  // libpq has closed it
      REQUIRE(::dup2(pair[0], descriptor) == descriptor);
      pool.Interrupt();
      CHECK(::send(descriptor, "x", 1, MSG_NOSIGNAL) == 1);
      ::close(descriptor);
      return Done{};
    });
    for (const int end : pair) ::close(end);
  }

  TEST_CASE_FIXTURE(PoolFixture, "a snapshot shows one picture and takes no writes") {
    SociPool pool(Settings(), log);
    REQUIRE(Do(pool, "CREATE TABLE things (id integer)").ok());
    const auto counts = pool.Run({.name = "test", .rows = RowScope::Unbound(), .snapshot = true},
                                 [&](soci::session& session) -> Result<std::string> {
                                   std::string before, after;
                                   session.once << "SELECT count(*)::text FROM things", soci::into(before);
                                   Sql(database.dsn(), "INSERT INTO things VALUES (1)");
                                   session.once << "SELECT count(*)::text FROM things", soci::into(after);
                                   return before + after;
                                 });
    CHECK(counts.value() == "00");
    const auto write = pool.Run({.name = "test", .rows = RowScope::Unbound(), .snapshot = true},
                                [&](soci::session& session) -> Result<Done> {
                                  session.once << "INSERT INTO things VALUES (1)";
                                  return Done{};
                                });
    CHECK(!write.ok());
  }

  TEST_CASE_FIXTURE(PoolFixture, "a transaction may have a statement time-out of its own, which ends with it") {
    SociPool pool(Settings(1), log);
    const auto within =
        pool.Run({.name = "test", .rows = RowScope::Unbound(), .statement_timeout = std::chrono::milliseconds(1234)},
                 [](soci::session& session) -> Result<std::string> {
                   std::string value;
                   session.once << "SHOW statement_timeout", soci::into(value);
                   return value;
                 });
    CHECK(within.value() == "1234ms");
    CHECK(Ask(pool, "SHOW statement_timeout").value() == "30s");
  }

  TEST_CASE_FIXTURE(PoolFixture, "the settings of a completed connection string are in force") {
    ConnectionDefaults defaults;
    defaults.application_name = "it's \"quoted\" \\ here";
    SociPool pool({Dsn(defaults), 1, std::chrono::milliseconds(50)}, log);
    CHECK(Ask(pool, "SHOW statement_timeout").value() == "30s");
    CHECK(Ask(pool, "SHOW lock_timeout").value() == "10s");
    CHECK(Ask(pool, "SHOW idle_in_transaction_session_timeout").value() == "1min");
    CHECK(Ask(pool, "SHOW client_encoding").value() == "UTF8");
    CHECK(Ask(pool, "SHOW application_name").value() == defaults.application_name);
  }
}
