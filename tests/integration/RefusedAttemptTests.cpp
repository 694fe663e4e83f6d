#include "Application/Audit/RefusedAttempts.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"
#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Telemetry/SystemClock.h"
#include "tests/integration/StoreFixture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

using namespace volcanion;
using namespace volcanion::application;
using test::Sql;
using test::StoreFixture;

namespace {

struct AttemptFixture : StoreFixture {
  infrastructure::SystemClock clock;
  infrastructure::ValijsonSchemaCompiler compiler;
  infrastructure::PostgresAuditLog audit{pool};
  domain::PartnerId partner = StoredPartner();
  DirectoryCache cache{directory, compiler, log, std::chrono::hours(1)};
  std::optional<RefusedAttempts> refused;

  AttemptFixture() {
    REQUIRE(cache.Refresh().ok());
    refused.emplace(audit, cache, clock, log, std::chrono::hours(1));  // writes at its end alone
  }
  void Note(int status, const std::string& address, domain::PartnerId aimed_at) {
    refused->Note(
        {"GET", "/api/partners/{id}", status, {"", "c", address}, RefusedAttempt::Thing::kPartner, aimed_at.value});
  }
  std::string Written(const std::string& what) {
    return Sql(stores.write_dsn(), "SELECT " + what + " FROM write.audit_log WHERE action = 'request.refused'");
  }
};

}  // namespace

TEST_SUITE("refused attempts") {
  TEST_CASE_FIXTURE(AttemptFixture,
                    "a flood from everywhere becomes no more entries than its share, and none is lost") {
    for (int i = 0; i < 5'000; ++i)
      Note(401, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), partner);
    refused.reset();
    CHECK(Written("count(*)") == "101");  // 100, and one for all the others
    CHECK(Written("sum((details->>'times')::int)") == "5000");
    CHECK(Written("count(*) FILTER (WHERE partner_id IS NULL)") == "1");
  }

  TEST_CASE_FIXTURE(AttemptFixture, "ids that somebody makes up are one attempt, and hide no other") {
    for (int i = 0; i < 5'000; ++i) Note(401, "10.0.0.1", {secrets.NewId(now)});
    Note(401, "10.0.0.2", partner);
    refused.reset();
    CHECK(Written("count(*)") == "2");
    CHECK(Written("max((details->>'times')::int)") == "5000");
    CHECK(Written("max(client_address) FILTER (WHERE partner_id IS NOT NULL)") == "10.0.0.2");
    CHECK(Written("max(target_id::text)") == partner.ToString());
  }

  TEST_CASE_FIXTURE(AttemptFixture, "an address that floods the log does not hide another") {
    for (int status = 405; status < 555; ++status) {
      for (int i = 0; i < 2; ++i) Note(status, "10.0.0.1", partner);
    }
    Note(599, "10.0.0.2", partner);
    refused.reset();
    CHECK(Written("count(*)") == "101");
    CHECK(Written("count(*) FILTER (WHERE client_address = '10.0.0.2')") == "1");
  }

  TEST_CASE_FIXTURE(AttemptFixture, "a 404 of what is not there is no refusal, one of what is there is") {
    Note(404, "10.0.0.1", {secrets.NewId(now)});
    Note(404, "10.0.0.1", partner);
    refused.reset();
    CHECK(Written("count(*)") == "1");
    CHECK(Written("max(partner_id::text)") == partner.ToString());
  }

  TEST_CASE_FIXTURE(AttemptFixture, "a store that is away loses them, and nobody waits") {
    const auto nowhere = infrastructure::CompleteConnectionString(stores.write_dsn() + " dbname=nowhere").value();
    infrastructure::SociPool broken({nowhere, 1, std::chrono::milliseconds(50)}, log);
    infrastructure::PostgresAuditLog lost(broken);
    refused.emplace(lost, cache, clock, log, std::chrono::hours(1));
    Note(401, "10.0.0.1", partner);
    refused.reset();
    CHECK(Written("count(*)") == "0");
  }
}
