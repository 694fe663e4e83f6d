#include "Infrastructure/Postgres/AnalysisPool.h"
#include "Infrastructure/Postgres/ConnectionString.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>
#include <soci/soci.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

using namespace volcanion;
using namespace volcanion::infrastructure;
using domain::Done;
using domain::ErrorKind;
using domain::Result;
using test::Sql;

namespace {

struct AnalysisFixture {
  test::TestStores stores;
  test::RecordedLog log;
  const domain::PartnerId partner = domain::PartnerId::Parse("00000000-0000-7000-8000-000000000001").value();
  AnalysisPool pool = Pool(std::chrono::seconds(30));

  AnalysisPool Pool(std::chrono::milliseconds timeout) {
    return AnalysisPool({CompleteConnectionString(stores.read_dsn()).value(), 1, timeout}, log);
  }
  static Result<Done> Run(AnalysisPool& pool, domain::PartnerId partner, const std::stop_token& stop,
                          const std::string& sql) {
    return pool.Run("test", partner, stop, [&](soci::session& session) -> Result<Done> {
      session.once << sql;
      return Done{};
    });
  }
  std::string Ask(const std::string& sql) {
    std::string value;
    REQUIRE(pool.Run("ask", partner, {},
                     [&](soci::session& session) -> Result<Done> {
                       session.once << sql, soci::into(value);
                       return Done{};
                     })
                .ok());
    return value;
  }
  std::string Sleepers() {
    return Sql(stores.read_dsn(),
               "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'");
  }
};

}  // namespace

TEST_SUITE("the pool of analyses") {
  TEST_CASE_FIXTURE(AnalysisFixture, "what nobody waits for any more ends at the server, and the next one is as ever") {
    const auto stop = std::make_unique<std::stop_source>();
    std::jthread client([&] {
      test::WaitUntil("the statement runs", [&] { return Sleepers() == "1"; });
      stop->request_stop();
    });
    const auto cancelled = Run(pool, partner, stop->get_token(), "SELECT pg_sleep(600)");
    REQUIRE_FALSE(cancelled.ok());
    CHECK(cancelled.error().message.starts_with("This was given up"));
    test::WaitUntil("the statement is gone", [&] { return Sleepers() == "0"; });
    CHECK(log.lines().empty());
    CHECK(Ask("SELECT 'fine'") == "fine");
    const auto late = Run(pool, partner, stop->get_token(), "SELECT 1");
    CHECK(late.error().message.starts_with("This was given up"));
  }

  TEST_CASE_FIXTURE(AnalysisFixture, "the process that stops takes its statements with it") {
    std::jthread stopping([&] {
      test::WaitUntil("the statement runs", [&] { return Sleepers() == "1"; });
      pool.Interrupt();
    });
    CHECK(Run(pool, partner, std::stop_token(), "SELECT pg_sleep(600)").error().kind == ErrorKind::kUnavailable);
    test::WaitUntil("the statement is gone", [&] { return Sleepers() == "0"; });
  }

  TEST_CASE_FIXTURE(AnalysisFixture, "a statement has its own time, little memory, one picture and one partner") {
    auto hasty = Pool(std::chrono::milliseconds(20));
    CHECK(Run(hasty, partner, std::stop_token(), "SELECT pg_sleep(600)").error().kind == ErrorKind::kUnavailable);
    CHECK(Ask("SHOW work_mem") == "32MB");
    CHECK(Ask("SHOW temp_file_limit") == "2GB");
    CHECK(Ask("SHOW statement_timeout") == "30s");
    CHECK(Ask("SHOW transaction_isolation") == "repeatable read");
    CHECK(Ask("SELECT current_user::text LIKE '%_request'") == "t");
    CHECK(Ask("SELECT read.bound_partners()::text") == "{" + partner.ToString() + "}");
    CHECK_FALSE(Run(pool, partner, std::stop_token(), "CREATE TABLE things (id integer)").ok());
  }
}
