#include "Infrastructure/Postgres/PqConnection.h"
#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;
using domain::Timestamp;
using std::chrono::seconds;

namespace {

Timestamp At(std::string_view text) { return domain::ParseRfc3339(text).value(); }

/// An event, as far as behaviour goes.
struct Row {
  std::size_t system = 0;
  std::optional<std::string> user, anonymous;
  std::string name;
  Timestamp time;
  int amount = 0;
  std::string id;  ///< decides between events of one instant
};

std::string Quoted(const std::optional<std::string>& text) {
  if (!text) return "NULL";
  std::string quoted = "'";
  for (const char c : *text) quoted.append(c == '\'' ? "''" : std::string(1, c));
  return quoted + "'";
}

/// The API over a read store whose rows a test chooses; a partner with two systems.
struct BehaviourApi {
  TestStores stores;
  TestService service;
  TestSender sender = service.NewSender();
  std::string other_system = JsonString(
      service.Post("/api/partners/" + sender.partner_id + "/systems", R"({"name":"app"})").body, "partnerSystemId");
  const std::string statistics = "/api/statistics/partner/" + sender.partner_id;
  int made = 0;

  BehaviourApi() : BehaviourApi([](infrastructure::Settings&) {}) {}
  explicit BehaviourApi(std::function<void(infrastructure::Settings&)> configure)
      : service(stores, {.sync = false, .configure = std::move(configure)}) {
    Sql(stores.read_dsn(), R"(
      CREATE TABLE read.events_2026 PARTITION OF read.tracking_events_read_model
        FOR VALUES FROM ('2026-01-01Z') TO ('2027-01-01Z'))");
  }

  Row New(std::string user, std::string name, std::string_view time) {
    return {0, std::move(user), {}, std::move(name), At(time), 0, NewId()};
  }
  std::string NewId() {
    const auto digits = std::to_string(++made);
    return "00000000-0000-7000-8000-" + std::string(12 - digits.size(), '0') + digits;
  }
  void Store(const std::vector<Row>& rows) { Store(rows, sender.partner_id, {sender.system_id, other_system}); }
  void Store(const std::vector<Row>& rows, const std::string& partner, const std::vector<std::string>& systems) {
    std::string values;
    for (const auto& row : rows) {
      values += values.empty() ? "" : ", ";
      values += "('" + row.id + "', '" + partner + "', 'p', '" + systems.at(row.system) + "', 's', 'e', " +
                Quoted(row.name) + ", '" + domain::FormatRfc3339(row.time) + "', " + Quoted(row.user) + ", " +
                Quoted(row.anonymous) + ", true, '{\"amount\":" + std::to_string(row.amount) +
                "}', 12, 'c', '2026-11-20Z', 1)";
    }
    Sql(stores.read_dsn(), R"(
      INSERT INTO read.tracking_events_read_model (
        tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
        event_timestamp, user_id, anonymous_id, is_valid, properties, properties_bytes, correlation_id, created_at,
        batch_id) VALUES )" + values);
  }
  /// As a projection would tell that there is something new.
  void Changed() {
    Sql(stores.read_dsn(), "INSERT INTO read.changed_days SELECT '" + sender.partner_id +
                               "', day, 1 FROM generate_series('2026-10-01'::date, '2026-11-30', '1 day') AS day ON "
                               "CONFLICT (partner_id, day) DO UPDATE SET changes = changed_days.changes + 1");
  }

  rapidjson::Document Ask(const std::string& question) {
    const auto answer = service.Get(statistics + question);
    CAPTURE(question);
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    rapidjson::Document document;
    document.Parse(answer.body.data(), answer.body.size());
    REQUIRE(document.HasMember("asOf"));
    return document;
  }
  std::vector<std::int64_t> Funnel(const std::string& question) {
    std::vector<std::int64_t> people;
    const auto answer = Ask("/funnels" + question);
    for (const auto& step : answer["steps"].GetArray()) people.push_back(step["people"].GetInt64());
    return people;
  }
};

const std::string kNovember = "?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z";

std::string Range(Timestamp from, Timestamp to) {
  return "?from=" + domain::FormatRfc3339(from) + "&to=" + domain::FormatRfc3339(to);
}

/// Some people's events in some hours, often at the same second.
std::vector<Row> RandomRows(BehaviourApi& api, std::mt19937& random, Timestamp begin, int minutes, int count) {
  const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  std::vector<Row> rows;
  for (int i = 0; i < count; ++i) {
    Row row{static_cast<std::size_t>(pick(2)),
            {},
            {},
            std::string(1, static_cast<char>('a' + pick(4))),
            begin + std::chrono::minutes(pick(minutes)),
            pick(3),
            api.NewId()};
    if (pick(4) > 0) row.user = "user '" + std::to_string(pick(12));
    if (pick(3) > 0) row.anonymous = "visitor " + std::to_string(pick(9));
    rows.push_back(std::move(row));
  }
  std::shuffle(rows.begin(), rows.end(), random);
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return std::tie(a.time, a.id) < std::tie(b.time, b.id); });
  return rows;
}

using PersonOf = std::optional<std::string> Row::*;

std::map<std::string, std::vector<Row>> ByPerson(const std::vector<Row>& rows, PersonOf person) {
  std::map<std::string, std::vector<Row>> people;
  for (const auto& row : rows) {
    if (row.*person) people[*(row.*person)].push_back(row);
  }
  return people;
}

/// How many of the steps somebody does; `rows` are theirs, in order.
std::size_t StepsDone(const std::vector<Row>& rows, Timestamp from, Timestamp to, seconds window,
                      const std::vector<std::function<bool(const Row&)>>& steps) {
  std::size_t best = 0;
  for (std::size_t start = 0; start < rows.size(); ++start) {
    if (!steps[0](rows[start]) || rows[start].time < from || rows[start].time >= to) continue;
    std::size_t done = 1;
    for (auto i = start + 1; i < rows.size() && done < steps.size(); ++i) {
      if (rows[i].time - rows[start].time <= window && steps[done](rows[i])) ++done;
    }
    best = std::max(best, done);
  }
  return best;
}

/// The day in Berlin, in days since 1970; 2026-10-25 has 25 hours there.
int DayInBerlin(Timestamp time) {
  const auto local = time + std::chrono::hours(time < At("2026-10-25T01:00:00Z") ? 2 : 1);
  return static_cast<int>(std::chrono::floor<std::chrono::days>(local).time_since_epoch().count());
}

}  // namespace

TEST_SUITE("behaviour") {
  TEST_CASE("a funnel counts whom its definition counts, by user and by visitor, in all systems and in one") {
    BehaviourApi api;
    std::mt19937 random(7);
    const auto begin = At("2026-11-10T00:00:00Z");
    const auto rows = RandomRows(api, random, begin, 180, 400);
    api.Store(rows);
    const auto from = begin + std::chrono::minutes(30), to = begin + std::chrono::minutes(120);
    const std::vector<std::function<bool(const Row&)>> steps = {
        [](const Row& row) { return row.name == "a"; },
        [](const Row& row) { return row.name == "b" && row.amount >= 1; },
        [](const Row& row) { return row.name == "a" && row.amount != 2; },
        [](const Row& row) { return row.name == "c"; }};
    const auto question = Range(from, to) + "&step.1=a&step.2=b&step.2.property.amount>=1&step.3=a" +
                          "&step.3.property.amount!=2&step.4=c&windowSeconds=";
    const std::pair<std::string, PersonOf> identities[] = {{"userId", &Row::user}, {"anonymousId", &Row::anonymous}};
    for (const auto& [identity, person] : identities) {
      for (const int minutes : {1, 20, 60, 1'000}) {
        for (const bool of_one : {false, true}) {
          auto own = rows;
          if (of_one) std::erase_if(own, [](const Row& row) { return row.system != 1; });
          std::vector<std::int64_t> expected(4);
          for (const auto& [name, theirs] : ByPerson(own, person)) {
            const auto done = StepsDone(theirs, from, to, std::chrono::minutes(minutes), steps);
            for (std::size_t step = 0; step < done; ++step) ++expected[step];
          }
          CAPTURE(identity);
          CAPTURE(minutes);
          CAPTURE(of_one);
          CHECK(api.Funnel(question + std::to_string(60 * minutes) + "&identity=" + identity +
                           (of_one ? "&partnerSystemId=" + api.other_system : "")) == expected);
        }
      }
    }
  }

  TEST_CASE("a funnel says shares, and how long people take") {
    BehaviourApi api;
    api.Store({api.New("u1", "view", "2026-11-10T10:00:00Z"), api.New("u1", "buy", "2026-11-10T10:00:02.5Z"),
               api.New("u2", "view", "2026-11-10T10:00:00Z"), api.New("u2", "buy", "2026-11-10T10:00:04.5Z"),
               api.New("u3", "view", "2026-11-10T10:00:00Z"), api.New("u4", "view", "2026-11-30T23:59:59Z"),
               api.New("u4", "buy", "2026-12-01T00:00:59Z")});
    auto answer = api.Ask("/funnels" + kNovember + "&step.1=view&step.2=buy&windowSeconds=60");
    const auto& steps = answer["steps"];
    CHECK(steps[0]["people"].GetInt() == 4);
    CHECK(steps[0]["conversionFromFirst"].GetDouble() == 1.0);
    CHECK(steps[0]["medianSecondsFromPrevious"].IsNull());
    CHECK(steps[1]["people"].GetInt() == 3);
    CHECK(steps[1]["conversionFromPrevious"].GetDouble() == 0.75);
    CHECK(steps[1]["medianSecondsFromPrevious"].GetDouble() == 4.5);
    CHECK(answer["events"].GetInt() == 7);
    answer = api.Ask("/funnels" + kNovember + "&step.1=never&step.2=%00");
    CHECK(answer["steps"][1]["conversionFromFirst"].IsNull());
    CHECK(api.Funnel(kNovember + "&step.1=view&step.2=%00") == std::vector<std::int64_t>{4, 0});
  }

  TEST_CASE("sessions are counted as a walk through everybody's events counts them") {
    BehaviourApi api;
    std::mt19937 random(8);
    const auto begin = At("2026-11-10T00:00:00Z");
    const auto rows = RandomRows(api, random, begin, 5'000, 500);
    api.Store(rows);
    const auto from = begin + std::chrono::minutes(1'000), to = begin + std::chrono::minutes(3'000);
    const std::pair<std::string, PersonOf> identities[] = {{"userId", &Row::user}, {"anonymousId", &Row::anonymous}};
    for (const auto& [identity, person] : identities) {
      for (const int minutes : {5, 60, 240}) {
        std::int64_t sessions = 0, people = 0, events = 0;
        for (const auto& [name, theirs] : ByPerson(rows, person)) {
          bool any = false, counts = false;
          for (std::size_t i = 0; i < theirs.size(); ++i) {
            const bool begins = i == 0 || theirs[i].time - theirs[i - 1].time > std::chrono::minutes(minutes);
            if (begins) {
              counts = theirs[i].time >= from && theirs[i].time < to;
              sessions += counts;
              any = any || counts;
            }
            events += counts && theirs[i].time < to + std::chrono::hours(24);
          }
          people += any;
        }
        CAPTURE(identity);
        CAPTURE(minutes);
        const auto totals = api.Ask("/sessions" + Range(from, to) + "&identity=" + identity +
                                    "&gapSeconds=" + std::to_string(60 * minutes));
        CHECK(totals["sessions"].GetInt64() == sessions);
        CHECK(totals["people"].GetInt64() == people);
        CHECK(totals["events"].GetInt64() == events);
      }
    }
  }

  TEST_CASE("the sessions of one person come page by page, each once, and are those that are counted") {
    BehaviourApi api;
    std::mt19937 random(9);
    auto rows = RandomRows(api, random, At("2026-11-10T00:00:00Z"), 5'000, 300);
    for (auto& row : rows) row.user = row.user ? std::optional<std::string>("o'neil \xf0\x9f\x98\x80") : std::nullopt;
    api.Store(rows);
    for (const auto& range : {std::string("?"), Range(At("2026-11-11T00:00:00Z"), At("2026-11-12T00:00:00Z")) + "&"}) {
      std::vector<std::pair<std::string, std::string>> seen;
      std::int64_t events = 0;
      std::string cursor;
      do {
        const auto page = api.Ask("/sessions/list" + range + "gapSeconds=600&limit=7&userId=o'neil%20%F0%9F%98%80" +
                                  (cursor.empty() ? "" : "&cursor=" + cursor));
        for (const auto& session : page["items"].GetArray()) {
          seen.emplace_back(session["begin"].GetString(), session["end"].GetString());
          events += session["events"].GetInt64();
        }
        cursor = page["nextCursor"].IsNull() ? "" : page["nextCursor"].GetString();
      } while (!cursor.empty());
      CHECK(std::is_sorted(seen.begin(), seen.end()));
      const auto totals = api.Ask("/sessions" + (range == "?" ? kNovember + "&" : range) + "gapSeconds=600");
      CHECK(static_cast<std::int64_t>(seen.size()) == totals["sessions"].GetInt64());
      CHECK(events == totals["events"].GetInt64());
      CHECK(seen.size() > 14);
    }
    CHECK(api.Ask("/sessions/list?userId=%00")["items"].Empty());
    CHECK(api.Ask("/sessions/list?anonymousId=nobody")["items"].Empty());
  }

  TEST_CASE("cohorts are by the first day ever in the zone's calendar, across the day of 25 hours") {
    BehaviourApi api;
    std::mt19937 random(10);
    auto rows = RandomRows(api, random, At("2026-10-20T00:00:00Z"), 10 * 24 * 60, 60);
    for (auto& row : rows) row.user = "user " + std::to_string(random() % 30);
    api.Store(rows);
    const auto from = At("2026-10-22T22:00:00Z"), to = At("2026-10-28T23:00:00Z");  // midnights in Berlin
    for (const bool by_name : {false, true}) {
      const int first_day = DayInBerlin(from), periods = DayInBerlin(to - seconds(1)) - first_day + 1;
      std::vector<std::vector<std::int64_t>> expected;
      std::vector<std::int64_t> sizes(static_cast<std::size_t>(periods));
      for (int i = 0; i < periods; ++i) expected.emplace_back(static_cast<std::size_t>(periods - i));
      for (const auto& [name, theirs] : ByPerson(rows, &Row::user)) {
        const auto first =
            std::find_if(theirs.begin(), theirs.end(), [&](const Row& row) { return !by_name || row.name == "a"; });
        if (first == theirs.end() || first->time < from || first->time >= to) continue;
        const auto cohort = DayInBerlin(first->time) - first_day;
        ++sizes[static_cast<std::size_t>(cohort)];
        std::set<int> days;
        for (const auto& row : theirs) {
          if (row.time >= first->time && row.time < to && (!by_name || row.name == "b")) {
            days.insert(DayInBerlin(row.time) - first_day - cohort);
          }
        }
        for (const int day : days) ++expected[static_cast<std::size_t>(cohort)][static_cast<std::size_t>(day)];
      }
      const auto answer = api.Ask("/retention" + Range(from, to) + "&timeZone=Europe/Berlin" +
                                  (by_name ? "&eventName=a&returnEventName=b" : ""));
      const auto& cohorts = answer["cohorts"];
      REQUIRE(cohorts.Size() == 6);
      CHECK(std::string(cohorts[0]["period"].GetString()) == "2026-10-23");
      CHECK(std::string(cohorts[5]["period"].GetString()) == "2026-10-28");
      for (rapidjson::SizeType i = 0; i < cohorts.Size(); ++i) {
        CAPTURE(i);
        CHECK(cohorts[i]["people"].GetInt64() == sizes[i]);
        std::vector<std::int64_t> returned;
        for (const auto& people : cohorts[i]["returned"].GetArray()) returned.push_back(people.GetInt64());
        CHECK(returned == expected[i]);
      }
    }
  }

  TEST_CASE("weeks begin on Monday where the zone is, and the 25th hour belongs to its day") {
    BehaviourApi api;
    api.Store({api.New("u1", "e", "2026-10-25T22:59:59Z"), api.New("u1", "e", "2026-10-25T23:00:00Z"),
               api.New("u2", "e", "2026-10-25T23:00:00Z")});
    const auto range = Range(At("2026-10-20T00:00:00Z"), At("2026-10-30T00:00:00Z"));
    auto answer = api.Ask("/retention" + range + "&interval=week&timeZone=Europe/Berlin");
    REQUIRE(answer["cohorts"].Size() == 2);
    CHECK(std::string(answer["cohorts"][0]["period"].GetString()) == "2026-10-19");
    CHECK(answer["cohorts"][0]["people"].GetInt() == 1);
    CHECK(answer["cohorts"][0]["returned"][1].GetInt() == 1);
    CHECK(answer["cohorts"][1]["people"].GetInt() == 1);
    answer = api.Ask("/retention" + range + "&interval=week");
    CHECK(answer["cohorts"][0]["people"].GetInt() == 2);
  }

  TEST_CASE("nobody sees another partner's people, and a system is one of the partner's") {
    BehaviourApi api;
    const auto other = api.service.NewSender();
    api.Store({api.New("u1", "a", "2026-11-10T10:00:00Z")});
    api.Store({api.New("u1", "b", "2026-11-10T10:00:01Z"), api.New("u2", "a", "2026-11-10T10:00:01Z")},
              other.partner_id, {other.system_id});
    CHECK(api.Funnel(kNovember + "&step.1=a&step.2=b") == std::vector<std::int64_t>{1, 0});
    CHECK(api.Ask("/sessions" + kNovember)["sessions"].GetInt() == 1);
    CHECK(api.Ask("/sessions/list?userId=u2")["items"].Empty());
    std::int64_t people = 0;
    const auto retention = api.Ask("/retention" + kNovember);
    for (const auto& cohort : retention["cohorts"].GetArray()) people += cohort["people"].GetInt64();
    CHECK(people == 1);
    const auto theirs =
        api.service.Get(api.statistics + "/sessions" + kNovember + "&partnerSystemId=" + other.system_id);
    CHECK(theirs.status == 422);
    CHECK(Has(theirs.body, "unknown_system"));
  }

  TEST_CASE("what cannot be a question is refused, with every fault by its name") {
    BehaviourApi api;
    const std::pair<std::string, std::string> faults[] = {
        {"/funnels?step.1=a&step.2=b", R"("pointer":"/from","code":"missing")"},
        {"/funnels" + kNovember + "&step.1=a", R"("pointer":"/step","code":"out_of_range")"},
        {"/funnels" + kNovember + "&step.1=a&step.3=b", R"("pointer":"/step.2","code":"missing_step")"},
        {"/funnels" + kNovember + "&step.1=a&step.2=b&step.3.property.x=1", R"("code":"missing_step")"},
        {"/funnels" + kNovember + "&step.1=a&step.2=b&step.0=c", R"("pointer":"/step.0","code":"wrong_name")"},
        {"/funnels" + kNovember + "&step.1=a&step.2=b&step.11=c", R"("code":"wrong_name")"},
        {"/funnels" + kNovember + "&step.1=a&step.1=b&step.2=c", R"("code":"duplicate_parameter")"},
        {"/funnels" + kNovember + "&step.1=a&step.2=b&step.2.property..=c", R"("code":"wrong_name")"},
        {"/funnels" + kNovember + "&step.1=a&step.2=b&windowSeconds=0", R"("pointer":"/windowSeconds")"},
        {"/funnels" + kNovember + "&step.1=a&step.2=b&identity=name", R"("pointer":"/identity")"},
        {"/sessions?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", R"("pointer":"/to")"},
        {"/sessions" + kNovember + "&gapSeconds=86401", R"("pointer":"/gapSeconds")"},
        {"/sessions/list", R"("pointer":"/userId")"},
        {"/sessions/list?userId=u1&anonymousId=a1", R"("pointer":"/userId")"},
        {"/sessions/list?userId=u1&limit=0", R"("pointer":"/limit")"},
        {"/sessions/list?userId=u1&cursor=x", R"("code":"invalid_cursor")"},
        {"/retention" + kNovember + "&timeZone=Europe/Nowhere", R"("code":"unknown_time_zone")"},
        {"/retention" + kNovember + "&timeZone=%2B3", R"("code":"unknown_time_zone")"},
        {"/retention" + kNovember + "&interval=month", R"("pointer":"/interval")"},
        {"/retention?from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z", R"("pointer":"/to")"},
    };
    for (const auto& [question, fault] : faults) {
      CAPTURE(question);
      const auto answer = api.service.Get(api.statistics + question);
      CHECK(answer.status == 422);
      CHECK_MESSAGE(Has(answer.body, fault), answer.body);
    }
    CHECK(api.service.Get("/api/statistics/partner/nonsense/sessions" + kNovember).status == 404);
    CHECK(api.service.Get("/api/statistics/partner/01a1f8b5-2daa-7540-afa2-97ece2294f56/sessions" + kNovember).status ==
          404);
  }

  TEST_CASE("an answer is kept while nothing changes, in the range and as far beyond it as matters") {
    BehaviourApi api;
    api.Store({api.New("u1", "a", "2026-11-10T10:00:00Z")});
    const auto question = Range(At("2026-11-10T00:00:00Z"), At("2026-11-11T00:00:00Z")) + "&step.1=a&step.2=b";
    CHECK(api.Funnel(question) == std::vector<std::int64_t>{1, 0});
    api.Store({api.New("u1", "b", "2026-11-13T10:00:00Z")});
    CHECK(api.Funnel(question) == std::vector<std::int64_t>{1, 0});
    Sql(api.stores.read_dsn(),
        "INSERT INTO read.changed_days VALUES ('" + api.sender.partner_id + "', '2026-11-13', 1)");
    CHECK(api.Funnel(question) == std::vector<std::int64_t>{1, 1});
  }

  TEST_CASE("more events than fit into the memory of a question are refused, with what to do") {
    BehaviourApi api([](infrastructure::Settings& settings) { settings.max_analysis_bytes = 1024 * 1024; });
    Sql(api.stores.read_dsn(), R"(
      INSERT INTO read.tracking_events_read_model (
        tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
        event_timestamp, user_id, is_valid, properties, properties_bytes, correlation_id, created_at, batch_id)
      SELECT gen_random_uuid(), ')" +
                                   api.sender.partner_id + "', 'p', '" + api.sender.system_id + R"(', 's', 'e', 'a',
             '2026-11-10Z'::timestamptz + i * interval '1 second', 'u' || i, true, '{}', 2, 'c', '2026-11-20Z', 1
        FROM generate_series(1, 20000) AS i)");
    for (const std::string& question :
         {"/funnels" + kNovember + "&step.1=a&step.2=b", "/sessions" + kNovember, "/retention" + kNovember}) {
      const auto refused = api.service.Get(api.statistics + question);
      CAPTURE(question);
      CHECK(refused.status == 413);
      CHECK(Has(refused.body, R"("code":"too_many_events")"));
    }
  }
}

namespace {

/// A read store whose events cannot be read for the time being.
struct StuckApi : BehaviourApi {
  StuckApi()
      : BehaviourApi([](infrastructure::Settings& settings) {
          settings.analysis_pool = 2;
          settings.analyses_per_partner = 1;
          settings.max_queued_analyses = 1;
          settings.drain_timeout = std::chrono::milliseconds(0);
        }) {
    lock.emplace(stores.read_dsn());
  }
  void Stick() { (void)lock->Execute("BEGIN; LOCK TABLE read.tracking_events_read_model IN ACCESS EXCLUSIVE MODE"); }
  int Running() {
    return std::stoi(
        Sql(stores.read_dsn(),
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
            "AND wait_event_type = 'Lock' AND query LIKE '%read.tracking_events_read_model%'"));
  }
  void WaitForRunning(int count) {
    WaitUntil("so many statements run", [&] { return Running() == count; });
  }
  RawClient Begin(const std::string& path) {
    RawClient client(service.port());
    client.Send("GET " + path + " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " + service.admin_token() +
                "\r\n\r\n");
    return client;
  }
  std::string Question(int number) {
    return statistics + "/funnels" + kNovember + "&step.1=a&step.2=b" + std::to_string(number);
  }

  std::optional<infrastructure::PqConnection> lock;
};

}  // namespace

TEST_SUITE("analyses under way") {
  TEST_CASE_FIXTURE(StuckApi, "a client that hangs up takes its statement with it") {
    Stick();
    for (const bool reset : {false, true}) {
      auto client = Begin(Question(1));
      WaitForRunning(1);
      client.Close(reset);
      WaitForRunning(0);
    }
    (void)lock->Execute("ROLLBACK");
    CHECK(service.Get(Question(1)).status == 200);
  }

  TEST_CASE_FIXTURE(StuckApi, "who has asked the same gets an answer though the first one has hung up") {
    Stick();
    auto first = Begin(Question(1));
    WaitForRunning(1);
    auto second = Begin(Question(1));
    first.Close();
    WaitUntil("the second one's turn has come", [&] { return Running() == 1; });
    (void)lock->Execute("ROLLBACK");
    CHECK(second.ReadResponse().status == 200);
  }

  TEST_CASE_FIXTURE(StuckApi,
                    "a partner has so many at once, a few wait, and more are refused; others are not held up") {
    const auto other = service.NewSender();
    CHECK(service.Get(Question(0)).status == 200);
    Stick();
    auto running = Begin(Question(1));
    WaitForRunning(1);
    std::vector<RawClient> more;  // of whom one waits, whichever comes first
    for (int i = 2; i <= 5; ++i) more.push_back(Begin(Question(i)));
    int refused = 0;
    WaitUntil("all but one are refused", [&] {
      std::erase_if(more, [&](RawClient& client) {
        if (!client.CanReadWithin(std::chrono::milliseconds(0))) return false;
        const auto answer = client.ReadResponse();
        refused += answer.status == 503 && answer.Header("Retry-After");
        return true;
      });
      return more.size() == 1;
    });
    CHECK(refused == 3);
    CHECK(service.Get(Question(0)).status == 200);  // is kept
    CHECK(service.Ingest(sender, R"({"eventName":"a"})").status == 202);
    auto others = Begin("/api/statistics/partner/" + other.partner_id + "/sessions" + kNovember);
    WaitForRunning(2);
    (void)lock->Execute("ROLLBACK");
    for (auto* client : {&running, &more.front(), &others}) CHECK(client->ReadResponse().status == 200);
  }

  TEST_CASE_FIXTURE(StuckApi, "statistics that go through events are analyses, and the roll-ups answer beside them") {
    // One event that is counted, so that there are users to count.
    Sql(stores.read_dsn(), R"(
      INSERT INTO read.day_counts (partner_system_id, day, event_name, partner_id, valid, invalid, unjudged, duplicates,
                                   first_at, last_at, quarters)
      SELECT whose::uuid, '2026-11-10', 'a', ')" +
                               sender.partner_id + R"(', 1, 0, 0, 0, '2026-11-10Z', '2026-11-10Z', ''
        FROM unnest(ARRAY[')" + sender.system_id +
                               "', '" + sender.partner_id + "']) AS counted (whose)");
    const auto hour = statistics + "/timeseries?from=2026-11-10T00:00:00Z&to=2026-11-11T00:00:00Z&interval=";
    const std::vector<std::string> questions = {
        hour + "minute", hour + "hour&groupBy=property.amount", hour + "hour&userId=u",
        statistics + "/numbers" + kNovember + "&property=amount", statistics + kNovember + "&exact=true"};
    Stick();
    for (const auto& question : questions) {
      CAPTURE(question);
      auto client = Begin(question);
      WaitForRunning(1);
      // Other questions, as all parameters tell: one waits, the other one is refused.
      auto second = Begin(question + "&waitSeconds=1"), third = Begin(question + "&waitSeconds=3");
      RawClient* refused = nullptr;
      WaitUntil("one is refused", [&] {
        for (auto* each : {&second, &third}) {
          if (each->CanReadWithin(std::chrono::milliseconds(0))) refused = each;
        }
        return refused != nullptr;
      });
      CHECK(refused->ReadResponse().status == 503);
      CHECK(service.Get(hour + "hour&groupBy=eventName").status == 200);
      for (auto* each : {&second, &third, &client}) each->Close();
      WaitForRunning(0);
    }
    (void)lock->Execute("ROLLBACK");
    for (const auto& question : questions) CHECK(service.Get(question).status == 200);
  }
}
