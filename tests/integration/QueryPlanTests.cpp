#include "Infrastructure/Postgres/PostgresReadModel.h"
#include "Infrastructure/Postgres/PostgresStatisticsReader.h"
#include "tests/integration/ReaderFixture.h"
#include "tests/support/RollUps.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>
#include <soci/soci.h>

#include <functional>
#include <string>

using namespace volcanion;
using namespace volcanion::infrastructure;
using application::EventQuery;
using test::At;
using test::Sql;

namespace {

constexpr int kSystems = 20;
constexpr int kRows = 60'000;
constexpr int kOtherPartners = 500;
constexpr int kRowsOfEach = 20;

const auto kPartner = domain::PartnerId::Parse("a0000000-0000-0000-0000-000000000000").value();

/// 60,000 events in two partitions: 20 systems, of which the first has half of them; 30 names, 3,000 users, 1 %
/// invalid, every third with the correlation id "shared". And those of 500 other partners, by which the planner might
/// take a comparison with the partner for one that leaves little.
struct FilledFixture : test::ReaderFixture {
  FilledFixture() {
    Sql(stores.read_dsn(), R"(
      INSERT INTO read.tracking_events_read_model (
        tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
        event_timestamp, user_id, anonymous_id, is_valid, is_unjudged, validation_errors, properties, properties_bytes,
        correlation_id, created_at, batch_id)
      SELECT gen_random_uuid(), 'a0000000-0000-0000-0000-000000000000', 'Acme',
             ('b0000000-0000-0000-0000-0000000000' || lpad((CASE WHEN i % 2 = 0 THEN 0 ELSE i % 20 END)::text, 2, '0'))::uuid,
             'web', i::text, 'event ' || i % 30, at, 'user ' || i * 7919 % 3000, 'visitor ' || i * 7919 % 5000,
             i % 100 <> 0, i % 2000 = 0,
             CASE WHEN i % 100 = 0 THEN '[{"pointer":"/a","keyword":"enum","message":"m"}]'::json END,
             ('{"n":' || i || '}')::json, 10,
             CASE WHEN i % 3 = 0 THEN 'shared' ELSE 'c' || i / 10 END, at, 1
        FROM (SELECT i, '2026-10-16T00:00:00Z'::timestamptz + i * interval '1 minute' AS at
                FROM generate_series(1, )" +
                               std::to_string(kRows) + R"() AS i) AS numbered;
      INSERT INTO read.tracking_events_read_model (
        tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
        event_timestamp, is_valid, properties, properties_bytes, correlation_id, created_at, batch_id)
      SELECT gen_random_uuid(), md5('partner ' || partner)::uuid, 'Other', md5('system ' || partner)::uuid, 'web', i::text,
             'event ' || i, at, true, '{}', 2, 'c', at, 1
        FROM generate_series(1, )" +
                               std::to_string(kOtherPartners) +
                               R"() AS partner,
             LATERAL (SELECT i, '2026-10-16T00:00:00Z'::timestamptz + i * interval '1 day' AS at
                        FROM generate_series(1, )" +
                               std::to_string(kRowsOfEach) + R"() AS i) AS numbered;
      ANALYZE read.tracking_events_read_model)");
  }

  domain::PartnerSystemId SystemAt(int number) const {
    const auto digits = std::to_string(number);
    return *domain::PartnerSystemId::Parse("b0000000-0000-0000-0000-0000000000" + std::string(2 - digits.size(), '0') +
                                           digits);
  }
  /// The large one, and small ones.
  std::vector<domain::PartnerSystemId> Systems(int count) const {
    std::vector<domain::PartnerSystemId> systems;
    for (int i = 0; i < count; ++i) systems.push_back(SystemAt(i));
    return systems;
  }

  /// How many rows the server touched to answer: read in sequence, or fetched through an index. By its own counters,
  /// which are complete when the connection that asked has gone.
  int RowsTouchedBy(const EventQuery& query) {
    Observe([&](SociPool& own) {
      PostgresEventReader asked(own);
      const auto page = asked.Find(query);
      REQUIRE(page.ok());
      CHECK_FALSE(page->items.empty());
    });
    return RowsTouchedOf(kEvents);
  }

  static constexpr const char* kEvents = "'^events_20'";
  static constexpr const char* kRollUps = "'^(day_counts|user_sketches|hour_user_sketches|count_additions)$'";

  void Observe(const std::function<void(SociPool& own)>& ask) {
    Sql(stores.read_dsn(), "SELECT pg_stat_reset()");
    {
      SociPool own({CompleteConnectionString(stores.read_dsn()).value(), 1, std::chrono::seconds(30)}, log);
      ask(own);
    }
    test::WaitUntil("the connection has gone", [&] {
      return Sql(stores.read_dsn(),
                 "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                 "AND backend_type = 'client backend'") == "0";
    });
  }
  int RowsTouchedOf(const std::string& tables) const {
    return std::stoi(Sql(stores.read_dsn(),
                         "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int "
                         "FROM pg_stat_user_tables WHERE relname ~ " +
                             tables));
  }
};

}  // namespace

TEST_SUITE("plans of queries") {
  TEST_CASE_FIXTURE(FilledFixture, "the commonest questions touch about as many rows as their pages have") {
    const struct {
      const char* what;
      std::function<void(EventQuery&)> set;
    } questions[] = {
        {"everything", [](EventQuery&) {}},
        {"a range of time",
         [](EventQuery& query) {
           query.from = At("2026-10-20T00:00:00Z");
           query.to = At("2026-11-20T00:00:00Z");
         }},
        {"an event name", [](EventQuery& query) { query.event_name = "event 10"; }},
        {"a user", [](EventQuery& query) { query.user_id = "user 20"; }},
        {"a visitor", [](EventQuery& query) { query.anonymous_id = "visitor 100"; }},
        {"a correlation id", [](EventQuery& query) { query.correlation_id = "c4000"; }},
        {"the invalid ones", [](EventQuery& query) { query.is_valid = false; }},
        {"the invalid ones of a name",
         [](EventQuery& query) {
           query.is_valid = false;
           query.event_name = "event 10";
         }},
        {"the unjudged ones", [](EventQuery& query) { query.verdict = domain::Verdict::Outcome::kUnjudged; }},
        {"a late page",
         [](EventQuery& query) {
           query.after = {At("2026-10-25T00:00:00Z"), {}};
         }},
    };
    for (const auto& question : questions) {
      for (const int systems : {1, kSystems}) {
        for (const bool descending : {true, false}) {
          INFO(question.what);
          CAPTURE(systems);
          CAPTURE(descending);
          EventQuery query;
          query.partner = kPartner;
          query.systems = Systems(systems);
          query.descending = descending;
          query.limit = 20;
          question.set(query);
          CHECK(RowsTouchedBy(query) <= 40 + 25 * systems);
        }
      }
    }
  }

  TEST_CASE_FIXTURE(FilledFixture, "what is asked is asked as requests do: as their role, behind row level security") {
    const auto seen = [&](domain::PartnerId whose) {
      return pool
          .Run({"count", RowScope::Of(whose)},
               [](soci::session& session) -> domain::Result<std::string> {
                 std::string found;
                 session.once << "SELECT (session_user || '_request' = current_user AND row_security_active("
                                 "'read.tracking_events_read_model'))::text || ' ' || count(*) FROM "
                                 "read.tracking_events_read_model",
                     soci::into(found);
                 return found;
               })
          .value();
    };
    CHECK(seen(kPartner) == "true " + std::to_string(kRows));
    EventQuery theirs;
    theirs.partner = kPartner;
    theirs.systems = {domain::PartnerSystemId::Parse(Sql(stores.read_dsn(), "SELECT md5('system 1')::uuid")).value()};
    CHECK(reader.Find(theirs)->items.empty());
  }

  TEST_CASE_FIXTURE(FilledFixture, "a correlation id that very many events share is no reason to gather all of them") {
    for (const int systems : {1, kSystems}) {
      CAPTURE(systems);
      EventQuery query;
      query.partner = kPartner;
      query.systems = Systems(systems);
      query.correlation_id = "shared";
      query.limit = 20;
      CHECK(RowsTouchedBy(query) <= 1'001 + 2 * 2'000 + 200 * systems);
    }
  }

  TEST_CASE_FIXTURE(FilledFixture, "a search looks at a stretch of its index, and not at all events") {
    EventQuery query;
    query.partner = kPartner;
    query.systems = Systems(1);
    query.properties = {{{"n"}, application::Comparison::kGreater, "100"}};
    query.limit = 20;
    CHECK(RowsTouchedBy(query) <= 2'100);
    query.event_name = "event 10";
    CHECK(RowsTouchedBy(query) <= 2'100);
    query.properties.clear();
    query.violation_keyword = "enum";
    CHECK(RowsTouchedBy(query) <= 2'100);
  }

  TEST_CASE_FIXTURE(FilledFixture, "statistics of a month touch a few rows of the roll-ups, and hardly an event") {
    Sql(stores.read_dsn(), "DROP TABLE read.hour_user_sketches");
    test::MigrateAgain(stores.read_dsn(), "levels_of_statistics");
    for (PostgresReadModel read_model(stores.read_dsn(), {}, {1, 1, 50'000}); read_model.FoldSome().value();) continue;
    Sql(stores.read_dsn(), "VACUUM ANALYZE");
    // From an hour to an hour: 29 whole days and the parts of two. Of a day, all of its names may be looked at.
    constexpr int kDays = 31, kRowsOfDay = 30 + 1, kRowsOfSystem = 15 + 1, kSlack = 2 * kRowsOfDay;
    const auto stored = std::stoi(Sql(stores.read_dsn(), "SELECT count(*) FROM read.day_counts"));
    REQUIRE(stored > 30'000);

    using application::Grouping;
    const struct {
      const char* what;
      std::function<domain::Result<application::TimeSeries>(application::StatisticsReader&, EventQuery)> ask;
      int rows_of_partner, rows_of_system;
    } questions[] = {
        {"by hour", [](auto& asked, auto scope) { return asked.CountOverTime({scope}); }, kDays, kDays},
        {"by hour, of a name",
         [](auto& asked, auto scope) {
           scope.event_name = "event 10";
           return asked.CountOverTime({scope});
         },
         kDays, kDays},
        {"by hour and verdict",
         [](auto& asked, auto scope) {
           return asked.CountOverTime({scope, application::Interval::kHour, "UTC", Grouping::kVerdict});
         },
         kDays, kDays},
        // First which names are the most frequent.
        {"by hour and name",
         [](auto& asked, auto scope) {
           return asked.CountOverTime({scope, application::Interval::kHour, "UTC", Grouping::kEventName});
         },
         2 * kRowsOfDay * kDays, 2 * kRowsOfSystem * kDays},
        {"by hour and system",
         [](auto& asked, auto scope) {
           return asked.CountOverTime({scope, application::Interval::kHour, "UTC", Grouping::kSystem});
         },
         2 * kSystems * kDays, 2 * kDays},
        {"totals, with users",
         [](auto& asked, auto scope) -> domain::Result<application::TimeSeries> {
           const auto summary = asked.Summarize({scope});
           if (!summary) return summary.error();
           CHECK_FALSE(summary->users.is_exact);
           return application::TimeSeries{{}, {{}}};
         },
         kRowsOfDay* kDays + 29 + 24, kRowsOfSystem* kDays + 29 + 24},
    };
    for (const auto& question : questions) {
      for (const bool is_of_all_systems : {true, false}) {
        INFO(question.what);
        CAPTURE(is_of_all_systems);
        EventQuery query;
        query.partner = kPartner;
        query.is_of_all_systems = is_of_all_systems;
        query.systems = Systems(is_of_all_systems ? kSystems : 1);
        query.from = At("2026-10-20T05:00:00Z");
        query.to = At("2026-11-19T05:00:00Z");
        Observe([&](SociPool& own) {
          AnalysisPool analyses({CompleteConnectionString(stores.read_dsn()).value(), 1}, log);
          PostgresStatisticsReader asked(own, analyses, {});
          const auto answer = question.ask(asked, query);
          REQUIRE(answer.ok());
          CHECK_FALSE(answer->series.empty());
        });
        CHECK(RowsTouchedOf(kRollUps) <=
              kSlack + (is_of_all_systems ? question.rows_of_partner : question.rows_of_system));
        CHECK(RowsTouchedOf(kEvents) <= 10 * static_cast<int>(query.systems.size()));  // the first and the last one
      }
    }
  }
}
