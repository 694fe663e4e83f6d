#include "tests/integration/ReaderFixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using application::Comparison;
using application::EventQuery;
using application::EventRow;
using test::At;
using test::Ids;
using test::ReaderFixture;

namespace {

struct FilterFixture : ReaderFixture {
  EventRow StoredWith(std::string properties) {
    auto event = Event(At("2026-11-20T10:00:00Z"));
    event.properties = std::move(properties);
    return Stored(event);
  }
  /// Whether an event with these properties is found by this filter.
  bool Fits(const std::string& properties, std::vector<std::string> path, Comparison comparison, std::string value) {
    test::Sql(stores.read_dsn(), "TRUNCATE read.tracking_events_read_model");
    StoredWith(properties);
    auto query = Query();
    query.properties = {{std::move(path), comparison, std::move(value)}};
    return Find(query).items.size() == 1;
  }
  bool Is(const std::string& properties, const std::string& name, const std::string& value) {
    return Fits(properties, {name}, Comparison::kEqual, value);
  }
  /// All that a question finds, page by page, with the number of pages.
  std::pair<std::vector<EventRow>, int> Walk(PostgresEventReader& with, EventQuery query) {
    std::pair<std::vector<EventRow>, int> walked;
    do {
      auto page = with.Find(query).value();
      walked.first.insert(walked.first.end(), page.items.begin(), page.items.end());
      ++walked.second;
      query.after = page.next;
    } while (query.after);
    return walked;
  }
};

}  // namespace

TEST_SUITE("filters of events") {
  TEST_CASE_FIXTURE(FilterFixture, "a property equals by what it is") {
    CHECK(Is(R"({"a":"EUR"})", "a", "EUR"));
    CHECK_FALSE(Is(R"({"a":"EUR "})", "a", "EUR"));
    CHECK(Is(R"({"a":12.50})", "a", "12.5"));
    CHECK(Is(R"({"a":1250e-2})", "a", "12.5"));
    CHECK(Is(R"({"a":"12.5"})", "a", "12.5"));
    CHECK_FALSE(Is(R"({"a":"12.50"})", "a", "12.5"));
    CHECK(Is(R"({"a":9007199254740993})", "a", "9007199254740993"));
    CHECK_FALSE(Is(R"({"a":9007199254740992})", "a", "9007199254740993"));
    CHECK(Is(R"({"a":true})", "a", "true"));
    CHECK(Is(R"({"a":null})", "a", "null"));
    CHECK_FALSE(Is(R"({"b":null})", "a", "null"));
    CHECK_FALSE(Is(R"({"a":{"b":1}})", "a", R"({"b":1})"));
    CHECK(Is(R"({"a":1,"a":2})", "a", "2"));
    CHECK(Is(R"({"a":""})", "a", ""));
    CHECK(Is(R"({"a b\"c\\,{}":"x"})", "a b\"c\\,{}", "x"));
  }

  TEST_CASE_FIXTURE(FilterFixture, "every event is in one of = and !=") {
    for (const auto* properties :
         {R"({"a":"x"})", R"({"a":"y"})", R"({"a":1})", R"({"a":null})", R"({"a":[]})", "{}"}) {
      for (const auto* value : {"x", "1", "null"}) {
        CAPTURE(properties);
        CAPTURE(value);
        CHECK(Is(properties, "a", value) != Fits(properties, {"a"}, Comparison::kNotEqual, value));
      }
    }
  }

  TEST_CASE_FIXTURE(FilterFixture, "numbers are ordered by value, texts by code points, and never one by the other") {
    const auto fits = [this](const std::string& value, Comparison comparison, const std::string& than) {
      return Fits(R"({"a":)" + value + "}", {"a"}, comparison, than);
    };
    CHECK(fits("100", Comparison::kAtLeast, "100"));
    CHECK(fits("100.0", Comparison::kAtMost, "100"));
    CHECK_FALSE(fits("100", Comparison::kGreater, "100"));
    CHECK_FALSE(fits("100", Comparison::kLess, "1e2"));
    CHECK(fits("20", Comparison::kGreater, "9"));
    CHECK(fits("-1e999999", Comparison::kLess, "-5"));
    CHECK(fits("1e999999", Comparison::kGreater, "5"));
    CHECK(fits("1e-999999", Comparison::kLess, "5"));
    CHECK(fits(R"("2026-02-01")", Comparison::kAtLeast, "2026-01-31"));
    CHECK_FALSE(fits(R"("2026-01-30")", Comparison::kAtLeast, "2026-01-31"));
    CHECK(fits(R"("a")", Comparison::kGreater, "Z"));
    CHECK(fits(R"("é")", Comparison::kGreater, "z"));
    CHECK_FALSE(fits(R"("20")", Comparison::kGreater, "9"));
    CHECK_FALSE(fits("20", Comparison::kGreater, "abc"));
    CHECK_FALSE(fits("null", Comparison::kLess, "zzz"));
  }

  TEST_CASE_FIXTURE(FilterFixture, "a member of a member is found by its path, and an element by its index") {
    const std::string order = R"({"address":{"city":"Ulm"},"items":[{"sku":"a"},{"sku":"b"}]})";
    CHECK(Fits(order, {"address", "city"}, Comparison::kEqual, "Ulm"));
    CHECK(Fits(order, {"items", "1", "sku"}, Comparison::kEqual, "b"));
    CHECK_FALSE(Fits(order, {"items", "2", "sku"}, Comparison::kEqual, "b"));
    CHECK_FALSE(Fits(order, {"address", "city", "x"}, Comparison::kEqual, "Ulm"));
  }

  TEST_CASE_FIXTURE(FilterFixture, "what PostgreSQL has no text for hides nothing else") {
    CHECK(Is(R"({"b":"\u0000","a":"x"})", "a", "x"));
    CHECK(Is(R"({"b":"\ud800","\udc00":1,"a":"x"})", "a", "x"));
    CHECK(Is(R"({"a":"\ud83d\ude00"})", "a", "😀"));
    CHECK(Is(R"({"a":"\\u0000"})", "a", "\\u0000"));
    CHECK(Is(R"({"a":"x\u0000y"})", "a", "x\uFFFDy"));
  }

  TEST_CASE_FIXTURE(FilterFixture, "what is odd is found where PostgreSQL would have several processes look for it") {
    test::HaveAllInParallel(stores.read_dsn());
    CHECK(Is(R"({"b":"\u0000","a":"x"})", "a", "x"));
    CHECK(Is(R"({"a":1e2})", "a", "100"));
    auto event = Event(At("2026-11-20T10:00:00Z"));
    event.validation_errors = R"([{"pointer":"/a","keyword":"enum","message":"was \u0000"}])";
    event.is_valid = false;
    Stored(event);
    auto query = Query();
    query.violation_keyword = "enum";
    CHECK(Ids(Find(query)) == Ids({event}));
  }

  TEST_CASE_FIXTURE(FilterFixture, "several conditions all hold") {
    const auto cheap = StoredWith(R"({"amount":5,"currency":"EUR"})");
    StoredWith(R"({"amount":50,"currency":"EUR"})");
    StoredWith(R"({"amount":5,"currency":"USD"})");
    auto query = Query();
    query.properties = {{{"amount"}, Comparison::kAtLeast, "1"},
                        {{"amount"}, Comparison::kLess, "10"},
                        {{"currency"}, Comparison::kEqual, "EUR"}};
    CHECK(Ids(Find(query)) == Ids({cheap}));
  }

  TEST_CASE_FIXTURE(FilterFixture, "violations are found by keyword and pointer, which are those of one violation") {
    auto event = Event(At("2026-11-20T10:00:00Z"));
    event.validation_errors =
        R"([{"pointer":"/a","keyword":"enum","message":"was \u0000"},{"pointer":"/b","keyword":"type","message":"m"}])";
    event.is_valid = false;
    const auto invalid = Stored(event);
    event = Event(At("2026-11-20T10:00:01Z"));
    event.validation_errors = R"([{"pointer":"/a","keyword":"enum","message":"m"}])";
    const auto observed = Stored(event);  // valid, by the policy of its system
    StoredAt("2026-11-20T10:00:02Z");
    const auto found = [&](std::optional<std::string> keyword, std::optional<std::string> pointer) {
      auto query = Query();
      query.violation_keyword = std::move(keyword);
      query.violation_pointer = std::move(pointer);
      return Ids(Find(query));
    };
    CHECK(found("enum", {}) == Ids({observed, invalid}));
    CHECK(found("type", {}) == Ids({invalid}));
    CHECK(found({}, "/b") == Ids({invalid}));
    CHECK(found("type", "/b") == Ids({invalid}));
    CHECK(found("enum", "/b").empty());
  }

  TEST_CASE_FIXTURE(FilterFixture, "verdicts and correlation ids choose") {
    const auto valid = StoredAt("2026-11-20T10:00:00Z");
    auto event = Event(At("2026-11-20T10:00:01Z"));
    event.is_valid = false;
    const auto invalid = Stored(event);
    event = Event(At("2026-11-20T10:00:02Z"));
    event.is_valid = false;
    event.is_unjudged = true;
    event.correlation_id = "request-7";
    const auto unjudged = Stored(event);
    const auto found = [&](auto set) {
      auto query = Query();
      set(query);
      return Ids(Find(query));
    };
    using Outcome = domain::Verdict::Outcome;
    CHECK(found([](EventQuery& query) { query.verdict = Outcome::kValid; }) == Ids({valid}));
    CHECK(found([](EventQuery& query) { query.verdict = Outcome::kInvalid; }) == Ids({invalid}));
    CHECK(found([](EventQuery& query) { query.verdict = Outcome::kUnjudged; }) == Ids({unjudged}));
    CHECK(found([](EventQuery& query) { query.is_valid = false; }) == Ids({unjudged, invalid}));
    CHECK(found([](EventQuery& query) { query.correlation_id = "request-7"; }) == Ids({unjudged}));
    CHECK(found([](EventQuery& query) {
            query.correlation_id = "request-7";
            query.is_valid = true;
          }).empty());
  }

  TEST_CASE_FIXTURE(FilterFixture, "the events of several systems are one list, in both orders") {
    EventQuery query = Query();
    std::vector<EventRow> stored;
    for (int i = 0; i < 40; ++i) {
      auto event = Event(At("2026-11-20T10:00:00Z") + std::chrono::seconds(i % 7));
      if (i % 4 == 0) {
        event.partner_system_id = {secrets.NewId(At("2026-01-01T00:00:00Z"))};
        query.systems.push_back(event.partner_system_id);
      }
      event.is_valid = i % 3 != 0;
      stored.push_back(Stored(event));
    }
    auto foreign = Event(At("2026-11-20T10:00:03Z"));
    foreign.partner_system_id = {secrets.NewId(At("2026-01-01T00:00:00Z"))};
    Stored(foreign);
    std::sort(stored.begin(), stored.end(), [](const EventRow& one, const EventRow& other) {
      return std::pair(one.event_timestamp, one.tracking_event_id) <
             std::pair(other.event_timestamp, other.tracking_event_id);
    });
    for (const bool descending : {false, true}) {
      query.descending = descending;
      for (const int limit : {1, 7, 100}) {
        query.limit = limit;
        query.is_valid.reset();
        CHECK(Ids(Walk(reader, query).first) == Ids(stored));
        query.is_valid = true;
        std::vector<EventRow> valid;
        std::copy_if(stored.begin(), stored.end(), std::back_inserter(valid),
                     [](const EventRow& event) { return event.is_valid; });
        CHECK(Ids(Walk(reader, query).first) == Ids(valid));
      }
      std::reverse(stored.begin(), stored.end());
    }
    query.systems.clear();
    CHECK(Find(query).items.empty());
  }

  TEST_CASE_FIXTURE(FilterFixture, "a search among many gets on with each page, finds all, and ends") {
    test::Sql(stores.read_dsn(), R"(
      INSERT INTO read.tracking_events_read_model (
        tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
        event_timestamp, is_valid, properties, properties_bytes, correlation_id, created_at, batch_id)
      SELECT gen_random_uuid(), ')" + partner.ToString() +
                                     R"(', 'Acme', system::uuid, 'web', i::text, 'e',
             '2026-11-20T10:00:00Z'::timestamptz + i % 700 * interval '1 second', true,
             ('{"n":' || i || '}')::json, 10, 'c', '2026-11-20T10:00:00Z', 1
        FROM generate_series(1, 3000) AS i, unnest(ARRAY[')" +
                                     system.ToString() + R"(',
             'a0000000-0000-0000-0000-000000000000']) AS system)");
    PostgresEventReader impatient(pool, {.first_look = 200, .look_time = std::chrono::milliseconds(0)});
    auto query = Query();
    query.systems.push_back(*domain::PartnerSystemId::Parse("a0000000-0000-0000-0000-000000000000"));
    query.properties = {{{"n"}, Comparison::kGreater, "2990"}};
    for (const bool descending : {true, false}) {
      query.descending = descending;
      const auto [found, pages] = Walk(impatient, query);
      CHECK(found.size() == 20);
      CHECK(pages > 10);
      CHECK(Ids(Walk(reader, query).first) == Ids(found));
      query.limit = 3;
      CHECK(Ids(Walk(impatient, query).first) == Ids(found));
      query.limit = 100;
    }
  }

  TEST_CASE_FIXTURE(FilterFixture, "a search ends its pages at the byte limit, too") {
    for (int i = 0; i < 300; ++i)
      StoredWith(R"({"n":)" + std::to_string(i % 10) + R"(,"x":")" + std::string(i, 'x') + "\"}");
    PostgresEventReader frugal(pool, {.max_page_bytes = 200, .first_look = 100});
    auto query = Query();
    query.properties = {{{"n"}, Comparison::kEqual, "7"}};
    const auto [found, pages] = Walk(frugal, query);
    CHECK(found.size() == 30);
    CHECK(pages > 15);
    CHECK(Ids(Walk(reader, query).first) == Ids(found));
  }
}
