#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/CountCells.h"
#include "Infrastructure/Postgres/PostgresEventReader.h"
#include "Infrastructure/Postgres/PostgresOutbox.h"
#include "Infrastructure/Postgres/PostgresReadModel.h"
#include "Infrastructure/Postgres/PostgresStatisticsReader.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "Sync/SyncWorker.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/RollUps.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using namespace volcanion::infrastructure;
using domain::Timestamp;
using test::Sql;

namespace {

Timestamp At(std::string_view text) { return domain::ParseRfc3339(text).value(); }

std::string Id(int number) { return "00000000-0000-0000-0000-0000000000" + std::to_string(10 + number); }
domain::PartnerId Partner(int number) { return domain::PartnerId::Parse(Id(number)).value(); }
domain::PartnerSystemId System(int number) { return domain::PartnerSystemId::Parse(Id(10 + number)).value(); }

constexpr int kSystems = 4;  // the last one is another partner's
const std::vector<std::string> kNames = {"purchase", "click", "a \"name\", {}"};

/// Both stores, to which random batches are added by SQL, and workers that fold as soon as there is anything to fold.
struct RandomStores {
  test::TestStores stores;
  test::RecordedLog log;
  std::mt19937 random{20'261'130};
  int events = 0;

  RandomStores() {
    for (int partner = 0; partner < 2; ++partner) {
      (void)Write("INSERT INTO write.partners VALUES ('" + Id(partner) + "', 'p" + std::to_string(partner) +
                  "', true, now())");
    }
    for (int system = 0; system < kSystems; ++system) {
      (void)Write("INSERT INTO write.partner_systems VALUES ('" + Id(10 + system) + "', '" +
                  Id(system == kSystems - 1 ? 1 : 0) + "', 's" + std::to_string(system) + "', 'flag', true, now())");
    }
  }

  std::string Write(const std::string& sql) const { return Sql(stores.write_dsn(), sql); }
  std::string Read(const std::string& sql) const { return Sql(stores.read_dsn(), sql); }
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random); }

  /// In the weeks in which clocks are changed somewhere; at a full quarter of an hour now and then.
  Timestamp RandomTime() {
    static const std::array begins = {At("2026-03-06T00:00:00Z"), At("2026-04-03T12:00:00Z"),
                                      At("2026-10-02T00:00:00Z"), At("2026-10-23T00:00:00Z")};
    const auto begin = begins[static_cast<std::size_t>(Below(4))];
    const auto quarters = std::chrono::minutes(15) * Below(11 * 96);
    if (Below(8) == 0) return begin + quarters;
    return begin + quarters + std::chrono::microseconds(Below(900'000'000));
  }
  std::string Quoted(const std::string& text) const { return "'" + text + "'"; }
  std::string RandomSystem() { return Quoted(Id(10 + Below(kSystems))); }
  std::string RandomName() { return Quoted(kNames[static_cast<std::size_t>(Below(static_cast<int>(kNames.size())))]); }

  void AddEvents(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i, ++events) {
      const int verdict = Below(4);
      rows.append(rows.empty() ? "" : ", ").append("(" + std::to_string(i) + ", " + RandomSystem());
      rows.append(", 'e" + std::to_string(events) + "', " + RandomName());
      rows.append(", " + Quoted(domain::FormatRfc3339(RandomTime())) + "::timestamptz");
      rows.append(Below(5) == 0 ? ", NULL" : ", 'user " + std::to_string(Below(60)) + "'");
      rows.append(verdict < 2 ? ", true, false" : verdict == 2 ? ", false, false" : ", false, true");
      rows.append(R"(, '{"n":)" + std::to_string(Below(1'000)) + R"(,"c":"c)" + std::to_string(Below(5)) + R"("}'))");
    }
    (void)Write(R"sql(
      WITH batch AS (
        INSERT INTO write.batches (batch_id, event_count, byte_count)
        SELECT nextval('write.batch_ids'), )sql" +
                std::to_string(count) + R"sql(, 10 RETURNING batch_id, event_count
      ), queued AS (
        INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, event_count, 10 FROM batch
      )
      INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
        event_timestamp, user_id, is_valid, is_unjudged, properties, correlation_id, created_at)
      SELECT batch_id, ordinal, gen_random_uuid(), system::uuid, id, name, at, user_id, is_valid, is_unjudged,
             properties::json, 'c', '2026-11-20T10:00:00Z'
      FROM batch, (VALUES )sql" +
                rows + ") AS new (ordinal, system, id, name, at, user_id, is_valid, is_unjudged, properties)");
  }

  void AddDuplicates(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i) {
      const auto quarter = std::chrono::floor<std::chrono::duration<int, std::ratio<900>>>(RandomTime());
      rows.append(rows.empty() ? "" : ", ")
          .append("(" + std::to_string(i) + ", " + RandomSystem() + ", " + RandomName());
      rows.append(", " + Quoted(domain::FormatRfc3339(quarter)) + "::timestamptz, " + std::to_string(1 + Below(5)) +
                  ")");
    }
    (void)Write(R"sql(
      WITH batch AS (
        INSERT INTO write.batches (batch_id, kind, event_count, duplicate_count, byte_count)
        SELECT nextval('write.batch_ids'), 'duplicates', 0, )sql" +
                std::to_string(count) + R"sql(, 0 RETURNING batch_id
      ), queued AS (
        INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, )sql" +
                std::to_string(count) + R"sql(, 0 FROM batch
      )
      INSERT INTO write.duplicate_counts (batch_id, ordinal, partner_system_id, event_name, quarter, duplicates)
      SELECT batch_id, ordinal, system::uuid, name, at, count
      FROM batch, (VALUES )sql" +
                rows + ") AS new (ordinal, system, name, at, count)");
  }

  /// New verdicts on some of the events that are stored.
  void JudgeAgain() {
    (void)Write(R"sql(
      WITH batch AS MATERIALIZED (SELECT nextval('write.batch_ids') AS id), judged AS (
        UPDATE write.tracking_events SET is_valid = NOT is_valid, is_unjudged = false, judged_in = batch.id
        FROM batch WHERE hashtext(event_id || batch.id) % 5 = 0
        RETURNING batch.id, tracking_event_id, created_at, is_valid
      ), history AS (
        INSERT INTO write.judgements (batch_id, ordinal, job_id, tracking_event_id, event_created_at, was_valid,
                                      was_unjudged, is_valid, is_unjudged, partner_id)
        SELECT id, row_number() OVER (), gen_random_uuid(), tracking_event_id, created_at, NOT is_valid, false, is_valid,
               false, NULL
        FROM judged RETURNING batch_id
      ), counted AS MATERIALIZED (SELECT batch_id, count(*) AS count FROM history GROUP BY batch_id), ledger AS (
        INSERT INTO write.batches (batch_id, kind, event_count, judgement_count, byte_count)
        SELECT batch_id, 'judgement', 0, count, 0 FROM counted
      )
      INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, count, 0 FROM counted)sql");
  }

  struct Worker {
    explicit Worker(const test::TestStores& stores, FoldingSettings folding, StepObserver observer = {})
        : outbox({stores.write_dsn()}, observer),
          read_model(stores.read_dsn(), observer, folding),
          worker(outbox, read_model, metrics, log,
                 {.max_claim_batches = 3, .report_interval = std::chrono::milliseconds(0)}, observer) {}

    test::RecordedLog log;
    PrometheusMetrics metrics{"test"};
    PostgresOutbox outbox;
    PostgresReadModel read_model;
    sync::SyncWorker worker;
  };

  /// All that is queued, by three workers at the same time.
  void Project(FoldingSettings folding) const {
    const auto work = [&] {
      Worker worker(stores, folding);
      for (int idle = 0; idle < 2;) {
        const auto projected = worker.worker.RunOnce();
        if (!projected) throw std::runtime_error(projected.error().message);
        idle = *projected == 0 && Write("SELECT count(*) FROM write.outbox") == "0" ? idle + 1 : 0;
      }
    };
    std::vector<std::jthread> workers;
    for (int i = 0; i < 3; ++i) workers.emplace_back(work);
  }
};

constexpr FoldingSettings kAtOnce{1, 1, 40};
constexpr FoldingSettings kSome{6, 1'000, 100};
constexpr FoldingSettings kNever{1'000'000, 1'000'000, 1};

/// Asks, and counts the rows by SQL of its own.
struct Questions : RandomStores {
  SociPool pool{{CompleteConnectionString(stores.read_dsn()).value(), 2, std::chrono::seconds(30)}, log};
  AnalysisPool analyses{{CompleteConnectionString(stores.read_dsn()).value(), 1}, log};
  PostgresStatisticsReader reader{pool, analyses, {}};
  PostgresStatisticsReader estimating{pool, analyses, {.counted_events = -1}};

  EventQuery RandomScope() {
    EventQuery scope;
    scope.partner = Partner(0);
    scope.is_of_all_systems = Below(2) == 0;
    const int systems = scope.is_of_all_systems ? kSystems - 1 : 1 + Below(kSystems - 1);
    for (int i = 0; i < systems; ++i) scope.systems.push_back(System(i));
    auto one = RandomTime(), other = RandomTime();
    if (one > other) std::swap(one, other);
    const auto day = [](Timestamp time) { return Timestamp(std::chrono::floor<std::chrono::days>(time)); };
    const auto hour = [](Timestamp time) { return Timestamp(std::chrono::floor<std::chrono::hours>(time)); };
    switch (Below(6)) {
      case 0:
        break;
      case 1:
        one = day(one), other = day(other) + std::chrono::days(1);
        break;
      case 2:
        other = std::min(other, one + std::chrono::minutes(1 + Below(100)));
        break;
      case 3:
        one = hour(one), other = hour(other) + std::chrono::hours(1);
        break;
      case 4:  // the hours of two days, of one, or of none
        one = hour(one), other = one + std::chrono::hours(Below(30));
        break;
      default:
        one = std::max(one, other - std::chrono::days(3));
    }
    scope.from = one;
    scope.to = other;
    if (Below(3) == 0) scope.event_name = kNames[static_cast<std::size_t>(Below(3))];
    return scope;
  }

  static EventQuery Everything() {
    EventQuery scope;
    scope.partner = Partner(0);
    scope.systems = {System(0), System(1), System(2)};
    scope.is_of_all_systems = true;
    return scope;
  }

  static std::string Where(const EventQuery& scope, const std::string& time) {
    std::string systems;
    for (const auto& system : scope.systems)
      systems.append(systems.empty() ? "'" : ", '").append(system.ToString() + "'");
    std::string sql = " WHERE partner_system_id IN (" + systems + ")";
    if (scope.from) sql += " AND " + time + " >= '" + domain::FormatRfc3339(*scope.from) + "'";
    if (scope.to) sql += " AND " + time + " < '" + domain::FormatRfc3339(*scope.to) + "'";
    if (scope.event_name) sql += " AND event_name = '" + *scope.event_name + "'";
    return sql;
  }

  static std::string Line(const std::string& name, const EventCounts& counts) {
    return name + " " + std::to_string(counts.valid) + " " + std::to_string(counts.invalid) + " " +
           std::to_string(counts.unjudged) + " " + std::to_string(counts.duplicates);
  }

  void CheckSummary(const EventQuery& scope) {
    const auto summary = reader.Summarize({scope});
    REQUIRE_MESSAGE(summary.ok(), summary.error().message);
    std::vector<std::string> lines;
    EventCounts sum;
    for (const auto& [name, counts] : summary->by_name) {
      lines.push_back(Line(name, counts));
      sum += counts;
    }
    CHECK(sum == summary->totals);
    std::sort(lines.begin(), lines.end());
    std::map<std::string, EventCounts> expected;
    for (const auto& row : test::SqlRows(stores.read_dsn(), R"sql(
           SELECT event_name, count(*) FILTER (WHERE is_valid), count(*) FILTER (WHERE NOT is_valid AND NOT is_unjudged),
                  count(*) FILTER (WHERE is_unjudged)
             FROM read.tracking_events_read_model)sql" + Where(scope, "event_timestamp") +
                                                                " GROUP BY 1")) {
      expected[*row[0]] = {std::stoll(*row[1]), std::stoll(*row[2]), std::stoll(*row[3]), 0};
    }
    for (const auto& row :
         test::SqlRows(stores.write_dsn(), "SELECT event_name, sum(duplicates) FROM write.duplicate_counts" +
                                               Where(scope, "quarter") + " GROUP BY 1")) {
      expected[*row[0]].duplicates = std::stoll(*row[1]);
    }
    std::vector<std::string> expected_lines;
    for (const auto& [name, counts] : expected) expected_lines.push_back(Line(name, counts));
    std::sort(expected_lines.begin(), expected_lines.end());
    CHECK(lines == expected_lines);

    const auto text = [](const std::optional<Timestamp>& time) { return time ? domain::FormatRfc3339(*time) : ""; };
    const auto ends = [&](const char* end) {
      return Read(std::string("SELECT to_char(") + end + "(event_timestamp) AT TIME ZONE 'UTC', " +
                  R"('YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM read.tracking_events_read_model)" +
                  Where(scope, "event_timestamp"));
    };
    CHECK(text(summary->first_at) == ends("min"));
    CHECK(text(summary->last_at) == ends("max"));
    const auto users = std::stoll(
        Read("SELECT count(DISTINCT user_id) FROM read.tracking_events_read_model" + Where(scope, "event_timestamp")));
    CHECK(summary->users.count == users);
    CHECK(summary->users.is_exact);
    const auto counted = estimating.Summarize({scope, true});
    REQUIRE(counted.ok());
    CHECK(counted->totals == summary->totals);
    CHECK(counted->users.count == users);
    const auto estimated = estimating.Summarize({scope});
    REQUIRE(estimated.ok());
    // Of so few, two share a register now and then.
    CHECK(std::abs(estimated->users.count - users) <= 1 + users / 20);
    CHECK(estimated->users.is_exact == (estimated->totals.events() == 0));
  }

  /// By the local clock, in words of its own: the hour of the wall with its offset, the date, the Monday.
  static std::string KeyOf(const std::string& time, Interval interval, const std::string& zone) {
    const auto local = "(" + time + " AT TIME ZONE '" + zone + "')";
    switch (interval) {
      case Interval::kMinute:
        return "to_char(" + time + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')";
      case Interval::kHour:
        return "to_char(" + local + ", 'YYYY-MM-DD HH24') || ' ' || (" + local + " - (" + time +
               " AT TIME ZONE 'UTC'))";
      case Interval::kDay:
        return local + "::date::text";
      case Interval::kWeek:
        break;
    }
    return "to_char(" + local + ", 'IYYY-IW')";
  }

  void CheckSeries(const SeriesQuery& query, const std::string& group) {
    const auto answer = reader.CountOverTime(query);
    REQUIRE_MESSAGE(answer.ok(), answer.error().message);
    REQUIRE_FALSE(answer->points.empty());
    std::string points, counts;
    for (std::size_t i = 0; i < answer->points.size(); ++i) {
      if (i > 0) CHECK(answer->points[i - 1] < answer->points[i]);
      points.append(points.empty() ? "" : ", ")
          .append("('" + domain::FormatRfc3339(answer->points[i]) + "'::timestamptz)");
    }
    for (const auto& series : answer->series) {
      CHECK(series.kind == TimeSeries::Kind::kGroup);
      REQUIRE(series.counts.size() == answer->points.size());
      for (std::size_t i = 0; i < series.counts.size(); ++i) {
        if (series.counts[i] == 0) continue;
        counts.append(", ('" + domain::FormatRfc3339(answer->points[i]) + "', '" + series.group + "', " +
                      std::to_string(series.counts[i]) + ")");
      }
    }
    const auto key = [&](const std::string& time) { return KeyOf(time, query.interval, query.time_zone); };
    std::string verdicts;
    if (query.scope.is_valid) verdicts = *query.scope.is_valid ? " AND is_valid" : " AND NOT is_valid";
    CHECK(Read("WITH expected AS (SELECT " + key("event_timestamp") + " AS key, " + group +
               " AS in_group, count(*) AS n FROM read.tracking_events_read_model" +
               Where(query.scope, "event_timestamp") + verdicts + " GROUP BY 1, 2), actual AS (SELECT " + key("at") +
               " AS key, in_group, n FROM (VALUES ('2000-01-01'::timestamptz, '', 0::bigint)" + counts +
               ") AS given (at, in_group, n) WHERE n > 0) "
               "SELECT count(*) FROM ((TABLE expected EXCEPT ALL TABLE actual) UNION ALL "
               "(TABLE actual EXCEPT ALL TABLE expected)) AS differences") == "0");
    // Each interval of the range has its point, with counts or without, and only one.
    CHECK(Read("WITH keys AS (SELECT DISTINCT " + key("at") + " AS key FROM generate_series('" +
               domain::FormatRfc3339(*query.scope.from) + "'::timestamptz, '" + domain::FormatRfc3339(*query.scope.to) +
               "'::timestamptz - interval '1 microsecond', interval '1 minute') AS at UNION SELECT " +
               key("('" + domain::FormatRfc3339(*query.scope.to) + "'::timestamptz - interval '1 microsecond')") +
               "), points AS (SELECT " + key("at") + " AS key FROM (VALUES " + points +
               ") AS given (at)) SELECT count(*) FROM ((TABLE keys EXCEPT ALL TABLE points) UNION ALL (TABLE points "
               "EXCEPT "
               "ALL TABLE keys)) AS differences") == "0");
  }
};

}  // namespace

TEST_SUITE("statistics") {
  TEST_CASE_FIXTURE(Questions, "every answer of the roll-ups is a count over the rows, whatever came in what order") {
    for (const auto& folding : {kSome, kAtOnce, kNever}) {
      for (int i = 0; i < 8; ++i) AddEvents(1 + Below(60));
      AddDuplicates(10);
      JudgeAgain();
      AddEvents(40);
      JudgeAgain();
      Project(folding);
      CAPTURE(Read("SELECT count(*) FROM read.count_additions"));
      for (int i = 0; i < 12; ++i) CheckSummary(RandomScope());
      auto everything = Everything();
      CheckSummary(everything);
      everything.is_of_all_systems = false;
      CheckSummary(everything);
    }
    CHECK(Read("SELECT count(*) > 0 FROM read.day_counts") == "t");
    CHECK(Read("SELECT count(*) > 0 FROM read.count_additions") == "t");
  }

  TEST_CASE_FIXTURE(Questions,
                    "series are counts over the rows in every time zone, across changes of clocks, zero-filled") {
    for (int i = 0; i < 10; ++i) AddEvents(100);
    JudgeAgain();
    Project(kSome);
    const std::vector<std::string> zones = {"UTC",
                                            "Europe/Berlin",
                                            "America/St_Johns",     // half an hour off
                                            "Asia/Kathmandu",       // a quarter
                                            "Australia/Lord_Howe",  // clocks change by half an hour
                                            "America/Havana",       // at midnight, which comes twice
                                            "Pacific/Chatham"};
    const std::vector<std::pair<Grouping, std::string>> groupings = {
        {Grouping::kNone, "''"},
        {Grouping::kEventName, "event_name"},
        {Grouping::kSystem, "partner_system_id::text"},
        {Grouping::kIsValid, "is_valid::text"},
        {Grouping::kVerdict, "CASE WHEN is_unjudged THEN 'unjudged' WHEN is_valid THEN 'valid' ELSE 'invalid' END"},
        {Grouping::kProperty, "properties->>'c'"}};
    for (const auto& zone : zones) {
      for (int i = 0; i < 8; ++i) {
        SeriesQuery query{RandomScope()};
        if (*query.scope.from >= *query.scope.to) continue;
        query.interval = std::array{Interval::kHour, Interval::kDay, Interval::kWeek,
                                    Interval::kMinute}[static_cast<std::size_t>(i < 6 ? i % 3 : 3)];
        if (query.interval == Interval::kMinute) {
          query.scope.to = std::min(*query.scope.to, *query.scope.from + std::chrono::hours(20));
        }
        const auto& [grouping, group] = groupings[static_cast<std::size_t>(Below(static_cast<int>(groupings.size())))];
        query.grouping = grouping;
        if (grouping == Grouping::kProperty) query.property = {"c"};
        query.time_zone = zone;
        if (Below(4) == 0) query.scope.is_valid = Below(2) == 0;
        CAPTURE(zone);
        CAPTURE(static_cast<int>(query.interval));
        CAPTURE(group);
        CAPTURE(domain::FormatRfc3339(*query.scope.from));
        CAPTURE(domain::FormatRfc3339(*query.scope.to));
        CheckSeries(query, group);
      }
    }
  }

  TEST_CASE_FIXTURE(Questions, "groups beyond the top are counted together, by roll-ups and by rows alike") {
    for (int i = 0; i < 3; ++i) AddEvents(100);
    AddDuplicates(10);
    const struct {
      const char *from, *to;
      Interval interval;
    } ranges[] = {{"2026-03-01T00:00:00Z", "2026-11-10T00:00:00Z", Interval::kWeek},
                  {"2026-03-07T10:07:00Z", "2026-03-16T11:11:00Z", Interval::kHour}};
    for (const bool is_folded : {false, true}) {
      Project(is_folded ? kAtOnce : kNever);
      for (const auto grouping : {Grouping::kEventName, Grouping::kSystem, Grouping::kProperty}) {
        for (const auto& range : ranges) {
          for (const bool is_of_all_systems : {true, false}) {
            SeriesQuery query{Everything()};
            query.scope.is_of_all_systems = is_of_all_systems;
            query.scope.from = At(range.from);
            query.scope.to = At(range.to);
            query.interval = range.interval;
            query.grouping = grouping;
            query.property = {"c"};
            query.top = 1;
            CAPTURE(is_folded);
            CAPTURE(static_cast<int>(grouping));
            CAPTURE(range.from);
            CAPTURE(is_of_all_systems);
            const auto answer = reader.CountOverTime(query).value();
            REQUIRE(answer.series.size() == 2);
            CHECK(answer.series[0].kind == TimeSeries::Kind::kGroup);
            CHECK(answer.series[1].kind == TimeSeries::Kind::kOther);
            query.top = 20;
            const auto all = reader.CountOverTime(query).value();
            CHECK(all.series[0].group == answer.series[0].group);
            CHECK(all.series[0].counts == answer.series[0].counts);
            std::vector<std::int64_t> others(all.points.size());
            for (std::size_t i = 1; i < all.series.size(); ++i) {
              for (std::size_t point = 0; point < others.size(); ++point) others[point] += all.series[i].counts[point];
            }
            CHECK(answer.series[1].counts == others);
            CHECK(answer.series[1].total == std::accumulate(others.begin(), others.end(), std::int64_t{0}));
          }
        }
      }
    }
  }

  TEST_CASE_FIXTURE(Questions, "no event has the empty name") {
    AddEvents(60);
    for (const auto& folding : {kNever, kAtOnce}) {
      Project(folding);
      auto scope = Everything();
      scope.event_name = "";
      CHECK(estimating.Summarize({scope})->totals == EventCounts());
      scope.from = At("2026-03-01T00:00:00Z");
      scope.to = At("2026-11-10T00:00:00Z");
      CHECK(reader.CountOverTime({scope})->series.front().total == 0);
    }
  }

  TEST_CASE_FIXTURE(Questions, "events are counted by system, by quarters of an hour that count whole") {
    PostgresEventReader events_reader(pool);
    for (int i = 0; i < 4; ++i) AddEvents(80);
    Project(kSome);
    JudgeAgain();
    AddEvents(80);
    Project(kNever);
    const auto in_sql = [&](EventQuery scope, domain::PartnerSystemId system) {
      const auto quarter = [](Timestamp time) { return domain::FormatRfc3339(BeginOf(QuarterOf(time))); };
      scope.systems = {system};
      std::string sql = "SELECT count(*) FROM read.tracking_events_read_model";
      const auto from = std::exchange(scope.from, std::nullopt), to = std::exchange(scope.to, std::nullopt);
      sql += Where(scope, "event_timestamp");
      if (from) sql += " AND event_timestamp >= '" + quarter(*from) + "'";
      if (to) {
        sql += " AND event_timestamp < '" + quarter(*to) + "'::timestamptz + interval '15 minutes' * ('" +
               domain::FormatRfc3339(*to) + "' <> '" + quarter(*to) + "')::int";
      }
      if (scope.is_valid) sql += *scope.is_valid ? " AND is_valid" : " AND NOT is_valid";
      if (scope.verdict)
        sql += *scope.verdict == domain::Verdict::Outcome::kUnjudged ? " AND is_unjudged" : " AND is_valid";
      return std::stoll(Read(sql));
    };
    const auto check = [&](const EventQuery& scope) {
      const auto counts = events_reader.CountBySystem(scope).value();
      REQUIRE(counts.size() == scope.systems.size());
      for (std::size_t i = 0; i < counts.size(); ++i) CHECK(counts[i] == in_sql(scope, scope.systems[i]));
    };
    check(Everything());
    for (int i = 0; i < 20; ++i) {
      auto scope = RandomScope();
      if (Below(2) == 0) scope.is_valid = Below(2) == 0;
      if (Below(4) == 0) scope.verdict = domain::Verdict::Outcome::kUnjudged;
      if (Below(4) == 0) scope.to.reset();
      check(scope);
    }
    auto scope = Everything();
    for (const std::string& name : {std::string(), std::string("a\0", 2), std::string("nothing")}) {
      scope.event_name = name;
      CHECK(events_reader.CountBySystem(scope).value() == std::vector<std::int64_t>(3, 0));
    }
    scope.systems.clear();
    CHECK(events_reader.CountBySystem(scope)->empty());
  }

  TEST_CASE_FIXTURE(Questions, "numbers of a property are summed up exactly, in all and by interval") {
    for (int i = 0; i < 3; ++i) AddEvents(80);
    Project(kNever);
    NumbersQuery query;
    query.scope.partner = Partner(0);
    query.scope.systems = {System(0), System(1)};
    query.scope.from = At("2026-03-01T00:00:00Z");
    query.scope.to = At("2026-11-10T00:00:00Z");
    query.property = {"n"};
    query.percentiles = {50, 95};
    query.interval = Interval::kWeek;
    query.time_zone = "Europe/Berlin";
    const auto numbers = reader.Measure(query).value();
    const auto expected = [&](const std::string& what) {
      return Read("SELECT " + what +
                  " FROM (SELECT (properties->>'n')::numeric AS n FROM read.tracking_events_read_model" +
                  Where(query.scope, "event_timestamp") + ") AS numbers");
    };
    CHECK(std::to_string(numbers.total.count) == expected("count(n)"));
    CHECK(numbers.total.sum == expected("sum(n)"));
    CHECK(numbers.total.average == expected("trim_scale(avg(n))"));
    CHECK(numbers.total.minimum == expected("min(n)"));
    CHECK(numbers.total.maximum == expected("max(n)"));
    REQUIRE(numbers.total.percentiles.size() == 2);
    CHECK(numbers.total.percentiles[1] == expected("percentile_cont(0.95) WITHIN GROUP (ORDER BY n::float8)"));
    std::int64_t count = 0;
    for (const auto& of_week : numbers.by_point) count += of_week.count;
    CHECK(count == numbers.total.count);
    query.property = {"c"};  // texts
    const auto none = reader.Measure(query).value();
    CHECK(none.total.count == 0);
    CHECK(none.total.sum.empty());
    CHECK(none.by_point.size() == numbers.by_point.size());
  }

  TEST_CASE_FIXTURE(Questions,
                    "properties are counted and summed up where PostgreSQL would share that among processes") {
    AddEvents(80);
    Project(kNever);
    test::HaveAllInParallel(stores.read_dsn());
    NumbersQuery numbers;
    numbers.scope.partner = Partner(0);
    numbers.scope.systems = {System(0), System(1)};
    numbers.scope.from = At("2026-03-01T00:00:00Z");
    numbers.scope.to = At("2026-11-10T00:00:00Z");
    numbers.property = {"n"};
    const auto rows = Read("SELECT count(*) FROM read.tracking_events_read_model" +
                           Where(numbers.scope, "event_timestamp") + " AND properties->>'n' IS NOT NULL");
    const auto measured = reader.Measure(numbers);
    REQUIRE_MESSAGE(measured.ok(), measured.error().message);
    CHECK(std::to_string(measured->total.count) == rows);

    (void)Read(R"(UPDATE read.tracking_events_read_model SET properties = '{"n":"\u0000"}')");
    SeriesQuery series;
    series.scope = numbers.scope;
    series.interval = Interval::kWeek;
    series.grouping = Grouping::kProperty;
    series.property = {"n"};
    const auto counted = reader.CountOverTime(series);
    REQUIRE_MESSAGE(counted.ok(), counted.error().message);
    REQUIRE(counted->series.size() == 1);
    CHECK(counted->series[0].group == "\uFFFD");
  }

  TEST_CASE_FIXTURE(Questions, "a crash while counts are folded loses and doubles nothing") {
    for (int i = 0; i < 6; ++i) AddEvents(30);
    Project(kNever);
    for (int crashes = 0; crashes < 3; ++crashes) {
      Worker worker(stores, kAtOnce, [](std::string_view step) {
        if (step == "before fold commit") throw std::runtime_error("crash");
      });
      CHECK_THROWS(worker.read_model.FoldSome());
    }
    CheckSummary(RandomScope());
    Worker worker(stores, kAtOnce);
    while (worker.read_model.FoldSome().value()) CheckSummary(RandomScope());
    CHECK(Read("SELECT count(*) FROM read.count_additions") == "0");
    CheckSummary(RandomScope());
  }

  TEST_CASE_FIXTURE(Questions,
                    "counts that cannot be folded keep no event from being projected, and count all the same") {
    AddEvents(20);
    (void)Read("ALTER TABLE read.day_counts ADD CONSTRAINT refused CHECK (event_name = 'none')");
    Worker worker(stores, kAtOnce);
    while (Write("SELECT count(*) FROM write.outbox") != "0") REQUIRE(worker.worker.RunOnce().ok());
    CHECK(worker.log.Count("counts cannot be folded into the roll-ups") == 1);
    CheckSummary(Everything());
  }

  TEST_CASE_FIXTURE(Questions, "a time zone that is none is refused, and another partner's systems have no events") {
    AddEvents(50);
    Project(kAtOnce);
    SeriesQuery query;
    query.scope.partner = Partner(1);
    query.scope.systems = {System(0), System(1)};
    query.scope.from = At("2026-03-01T00:00:00Z");
    query.scope.to = At("2026-11-10T00:00:00Z");
    query.grouping = Grouping::kEventName;
    for (const auto* zone : {"Europe/Nowhere", "FOO+5", "", "'"}) {
      query.time_zone = zone;
      const auto refused = reader.CountOverTime(query);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().kind == domain::ErrorKind::kInvalid);
    }
    query.time_zone = "Europe/Berlin";
    CHECK(reader.CountOverTime(query)->series.empty());
    CHECK(reader.Summarize({query.scope})->totals == EventCounts());
    CHECK(estimating.Summarize({query.scope, true})->users.count == 0);
  }

  TEST_CASE_FIXTURE(Questions, "events that were there before the roll-ups are counted by the migration") {
    for (int i = 0; i < 4; ++i) AddEvents(60);
    Project(kNever);
    (void)Read("DROP TABLE read.count_additions, read.day_counts, read.user_sketches, read.hour_user_sketches");
    test::MigrateAgain(stores.read_dsn(), "statistics");
    test::MigrateAgain(stores.read_dsn(), "levels_of_statistics");
    for (int i = 0; i < 6; ++i) CheckSummary(RandomScope());
    Worker worker(stores, kAtOnce);
    while (worker.read_model.FoldSome().value()) continue;
    CHECK(Read("SELECT count(*) FROM read.count_additions") == "0");
    for (int i = 0; i < 6; ++i) CheckSummary(RandomScope());
  }

  TEST_CASE_FIXTURE(Questions,
                    "roll-ups without levels are counted anew by the migration, with what waits to be folded") {
    for (int i = 0; i < 4; ++i) AddEvents(60);
    AddDuplicates(30);
    JudgeAgain();
    Project(kAtOnce);
    AddEvents(60);
    AddDuplicates(30);
    Project(kNever);
    (void)Read(
        "DELETE FROM read.day_counts WHERE event_name = '' OR partner_system_id = partner_id; "
        "DELETE FROM read.user_sketches WHERE partner_system_id = partner_id; DROP TABLE read.hour_user_sketches");
    test::MigrateAgain(stores.read_dsn(), "levels_of_statistics");
    for (int i = 0; i < 6; ++i) CheckSummary(RandomScope());
    Worker worker(stores, kAtOnce);
    while (worker.read_model.FoldSome().value()) continue;
    CHECK(Read("SELECT count(*) FROM read.count_additions") == "0");
    for (int i = 0; i < 12; ++i) CheckSummary(RandomScope());
  }
}
