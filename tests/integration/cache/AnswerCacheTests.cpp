#include "Application/Queries/AnswerCache.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"
#include "Infrastructure/Memory/MemoryCache.h"
#include "Infrastructure/Postgres/PostgresReadChanges.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "Infrastructure/Telemetry/SystemClock.h"
#include "tests/integration/StoreFixture.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using domain::Result;
using test::At;
using test::Sql;

namespace {

constexpr std::chrono::hours kNeverStale{1};

/// Real stores; what the projection would write is written by SQL. Counts how often an answer is made.
struct AnswerFixture : test::StoreFixture {
  explicit AnswerFixture(std::chrono::milliseconds staleness = std::chrono::milliseconds(0))
      : answers(cache, changes, known, metrics, {.staleness = staleness}) {
    REQUIRE(known.Refresh().ok());  // not in the middle of a case
  }

  infrastructure::SociPool read_pool{{infrastructure::CompleteConnectionString(stores.read_dsn()).value(), 8}, log};
  infrastructure::PostgresReadChanges changes{read_pool, std::chrono::seconds(10)};
  infrastructure::ValijsonSchemaCompiler compiler;
  DirectoryCache known{directory, compiler, log, std::chrono::hours(1)};
  infrastructure::SystemClock clock;
  infrastructure::MemoryCache cache{16 * 1024 * 1024, clock};
  infrastructure::PrometheusMetrics metrics{"test"};
  AnswerCache answers;
  const domain::PartnerId one{secrets.NewId(now)};
  const domain::PartnerId other{secrets.NewId(now)};
  int made = 0;

  /// As a projection that brings an event of that time.
  void Change(domain::PartnerId partner, const std::string& day) {
    Sql(stores.read_dsn(), "INSERT INTO read.changed_days VALUES ('" + partner.ToString() + "', '" + day +
                               "', 1) ON CONFLICT (partner_id, day) DO UPDATE SET changes = changed_days.changes + 1");
  }
  AnswerScope Days(const std::string& from, const std::string& to) const {
    return {one, At(from + "T00:00:00Z"), At(to + "T00:00:00Z")};
  }
  std::string Ask(const AnswerScope& scope, const std::string& question = "q", const AnswerCache::Demand& demand = {}) {
    const auto answer = answers.Find(scope, question, demand, [this]() -> Result<std::string> {
      return "{\"made\":" + std::to_string(++made) + "}";
    });
    REQUIRE(answer.ok());
    return *answer->text;
  }
};

/// Counts how often it is asked for something.
struct CountingCache : Cache {
  explicit CountingCache(Cache& cache) : kept(cache) {}
  std::optional<std::string> Get(std::string_view key) override {
    ++gets;
    return kept.Get(key);
  }
  void Put(std::string_view key, std::string_view value, std::chrono::seconds time_to_live) override {
    kept.Put(key, value, time_to_live);
  }
  Cache& kept;
  int gets = 0;
};

struct LazyFixture : AnswerFixture {
  LazyFixture() : AnswerFixture(kNeverStale) {}
};

}  // namespace

TEST_SUITE("answers that are kept") {
  TEST_CASE_FIXTURE(AnswerFixture, "who waits for another one's answer, which is given up, makes it") {
    const AnswerScope all{one, {}, {}};
    std::promise<void> begun, given_up;
    const auto hung_up = std::make_unique<std::stop_source>();
    auto first = std::async(std::launch::async, [&] {
      return answers.Find(all, "q", {.hung_up = hung_up->get_token()}, [&]() -> Result<std::string> {
        begun.set_value();
        given_up.get_future().wait();
        return domain::Error{domain::ErrorKind::kUnavailable, "nobody waits"};
      });
    });
    begun.get_future().wait();
    auto second = std::async(std::launch::async, [&] { return Ask(all); });
    hung_up->request_stop();
    given_up.set_value();
    CHECK_FALSE(first.get().ok());
    CHECK(second.get() == R"({"made":1})");
    CHECK(answers.FindKept(all, "q", {}).value().has_value());
    CHECK_FALSE(answers.FindKept(all, "another", {}).value().has_value());
    CHECK_FALSE(answers.FindKept(all, "q", {.past_cache = true}).value().has_value());
  }

  TEST_CASE_FIXTURE(AnswerFixture, "an answer is made once while nothing changes, and anew when something has") {
    const AnswerScope all{one, {}, {}};
    CHECK(Ask(all) == R"({"made":1})");
    CHECK(Ask(all) == R"({"made":1})");
    Change(one, "2026-11-20");
    CHECK(Ask(all) == R"({"made":2})");
    CHECK(Ask(all) == R"({"made":2})");
    Change(one, "2026-11-20");
    CHECK(Ask(all) == R"({"made":3})");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "a range of days is superseded by what changes in it, first and last day included") {
    const auto range = Days("2026-11-10", "2026-11-13");
    CHECK(Ask(range) == R"({"made":1})");
    for (const auto* outside : {"2026-11-09", "2026-11-13", "2027-01-01", "0001-01-01"}) Change(one, outside);
    Change(other, "2026-11-11");
    CHECK(Ask(range) == R"({"made":1})");
    int expected = 1;
    for (const auto* inside : {"2026-11-10", "2026-11-11", "2026-11-12"}) {
      Change(one, inside);
      CHECK(Ask(range) == "{\"made\":" + std::to_string(++expected) + "}");
    }
    const AnswerScope to_noon{one, At("2026-11-10T12:00:00Z"), At("2026-11-13T12:00:00Z")};
    CHECK(Ask(to_noon) == R"({"made":5})");
    Change(one, "2026-11-13");
    CHECK(Ask(to_noon) == R"({"made":6})");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "partners and questions never see each other's answers") {
    CHECK(Ask({one, {}, {}}, "q") == R"({"made":1})");
    CHECK(Ask({other, {}, {}}, "q") == R"({"made":2})");
    CHECK(Ask({one, {}, {}}, "q2") == R"({"made":3})");
    CHECK(Ask({one, {}, {}}, "q") == R"({"made":1})");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "a change of the directory supersedes all") {
    CHECK(Ask({one, {}, {}}) == R"({"made":1})");
    StoredPartner();
    REQUIRE(known.Refresh().ok());
    CHECK(Ask({one, {}, {}}) == R"({"made":2})");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "another read store has other answers") {
    CHECK(Ask({one, {}, {}}) == R"({"made":1})");
    Sql(stores.read_dsn(), "UPDATE read.identity SET store_id = gen_random_uuid()");
    CHECK(Ask({one, {}, {}}) == R"({"made":2})");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "an answer that is kept says how fresh it is now") {
    const AnswerScope all{one, {}, {}};
    CHECK(Ask(all) == R"({"made":1})");
    Sql(stores.read_dsn(), "UPDATE read.freshness SET position = 17, instant = '2026-11-20T10:00:00Z'");
    const auto answer = answers.Find(all, "q", {}, []() -> Result<std::string> { return std::string("{}"); });
    CHECK(*answer->text == R"({"made":1})");
    CHECK(answer->as_of.position == 17);
    CHECK(answer->as_of.instant == At("2026-11-20T10:00:00Z"));
  }

  TEST_CASE_FIXTURE(LazyFixture,
                    "what is known of changes is believed for a while, but not by who waited or goes past") {
    const AnswerScope all{one, {}, {}};
    CHECK(Ask(all) == R"({"made":1})");
    Change(one, "2026-11-20");
    Sql(stores.read_dsn(), "UPDATE read.freshness SET position = 17");
    CHECK(Ask(all) == R"({"made":1})");
    CHECK(Ask(all, "q", {.min_position = 17}) == R"({"made":2})");
    CHECK(Ask(all) == R"({"made":2})");
    Change(one, "2026-11-20");
    CHECK(Ask(all, "q", {.past_cache = true}) == R"({"made":3})");
    CHECK(Ask(all, "q", {.past_cache = true}) == R"({"made":4})");
    CHECK(Ask(all) == R"({"made":4})");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "many who ask at once get the answer that one of them made") {
    std::promise<void> all_ask;
    const auto may_answer = all_ask.get_future().share();
    std::atomic<int> times = 0;
    std::vector<std::jthread> askers;
    std::vector<std::string> texts(6);
    for (auto& text : texts) {
      askers.emplace_back([&] {
        const auto answer = answers.Find({one, {}, {}}, "q", {}, [&]() -> Result<std::string> {
          ++times;
          may_answer.wait();
          return std::string("{\"a\":1}");
        });
        if (answer) text = *answer->text;
      });
    }
    // All of them have missed the cache.
    while (metrics.Expose().find("volcanion_cache_lookups_total{outcome=\"miss\"} 6") == std::string::npos)
      std::this_thread::yield();
    all_ask.set_value();
    askers.clear();
    CHECK(times == 1);
    for (const auto& text : texts) CHECK(text == "{\"a\":1}");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "what could not be made is an error, and made again later") {
    const AnswerScope all{one, {}, {}};
    const auto failed = answers.Find(all, "q", {}, []() -> Result<std::string> {
      return domain::Error{domain::ErrorKind::kUnavailable, "away"};
    });
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().kind == domain::ErrorKind::kUnavailable);
    const auto thrown = answers.Find(all, "q", {}, []() -> Result<std::string> { throw std::runtime_error("broken"); });
    REQUIRE_FALSE(thrown.ok());
    CHECK(thrown.error().kind == domain::ErrorKind::kInternal);
    CHECK(Ask(all) == R"({"made":1})");
  }

  TEST_CASE_FIXTURE(AnswerFixture, "a cache that may be slow is asked twice at most, however an answer is looked for") {
    CountingCache counting(cache);
    AnswerCache counted(counting, changes, known, metrics, {.staleness = std::chrono::milliseconds(0)});
    const auto make = [] { return Result<std::string>(std::string("{}")); };
    const AnswerScope all{one, {}, {}};
    CHECK(counted.Find(all, "straight", {}, make).ok());
    CHECK(counting.gets == 2);
    CHECK_FALSE(counted.FindKept(all, "in two steps", {}).value().has_value());
    CHECK(counted.Find(all, "in two steps", {.is_not_kept = true}, make).ok());
    CHECK(counting.gets == 4);
    CHECK(counted.FindKept(all, "in two steps", {}).value().has_value());
  }

  TEST_CASE_FIXTURE(AnswerFixture, "a large answer is given and not kept") {
    AnswerCache small(cache, changes, known, metrics,
                      {.staleness = std::chrono::milliseconds(0), .max_answer_bytes = 4});
    for (int i = 0; i < 2; ++i) {
      const auto answer =
          small.Find({one, {}, {}}, "q", {}, [&]() -> Result<std::string> { return "12345" + std::to_string(++made); });
      CHECK(*answer->text == "12345" + std::to_string(made));
    }
    CHECK(made == 2);
  }

  TEST_CASE_FIXTURE(AnswerFixture, "without the read store there is an error") {
    infrastructure::SociPool broken(
        {infrastructure::CompleteConnectionString(stores.read_dsn() + " dbname=nowhere").value(), 1}, log);
    infrastructure::PostgresReadChanges away(broken, std::chrono::seconds(1));
    AnswerCache without(cache, away, known, metrics, {});
    const auto answer = without.Find({one, {}, {}}, "q", {}, []() -> Result<std::string> { return std::string("{}"); });
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().kind == domain::ErrorKind::kUnavailable);
  }
}
