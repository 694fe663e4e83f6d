#include "Infrastructure/Postgres/PqConnection.h"
#include "tests/integration/ReaderFixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using application::EventPage;
using application::EventQuery;
using application::EventRow;
using domain::ErrorKind;
using test::At;
using test::Ids;
using test::ReaderFixture;
using test::Sql;

namespace {

void CheckSame(const EventRow& found, const EventRow& stored) {
  CHECK(found.tracking_event_id == stored.tracking_event_id);
  CHECK(found.partner_id == stored.partner_id);
  CHECK(found.partner_name == stored.partner_name);
  CHECK(found.partner_system_id == stored.partner_system_id);
  CHECK(found.partner_system_name == stored.partner_system_name);
  CHECK(found.event_id == stored.event_id);
  CHECK(found.event_name == stored.event_name);
  CHECK(found.event_timestamp == stored.event_timestamp);
  CHECK(found.user_id == stored.user_id);
  CHECK(found.anonymous_id == stored.anonymous_id);
  CHECK(found.is_valid == stored.is_valid);
  CHECK(found.is_unjudged == stored.is_unjudged);
  CHECK(found.schema_version == stored.schema_version);
  CHECK(found.validation_errors == stored.validation_errors);
  CHECK(found.properties == stored.properties);
  CHECK(found.correlation_id == stored.correlation_id);
  CHECK(found.created_at == stored.created_at);
  CHECK(found.position == stored.position);
}

}  // namespace

TEST_SUITE("PostgresEventReader") {
  TEST_CASE_FIXTURE(ReaderFixture, "an event comes back as it was stored") {
    auto event = Event(At("2026-11-20T10:00:00.123456Z"));
    event.partner_name = "O'Brien & Søn";
    event.partner_system_name = "iOS \\ app";
    event.event_id = "order:4711 ::text $1 🌋";
    event.event_name = "purchase \"x\"";
    event.event_timestamp = At("2026-11-20T09:59:59.999999Z");
    event.user_id = "";
    event.anonymous_id = "a1";
    event.is_valid = false;
    event.is_unjudged = true;
    event.schema_version = 7;
    event.validation_errors = R"([{"pointer":"/a","keyword":"type","message":"must be a number"}])";
    event.properties = "{\"b\" : 1.0,\n \"a\":\"\\u0000\", \"a\": \"\\ud800\"}";
    event.correlation_id = "corr-1";
    event.position = 9'000'000'000;
    Stored(event);
    const auto page = Find(Query());
    REQUIRE(page.items.size() == 1);
    CheckSame(page.items[0], event);
    CHECK(!page.next);
    const auto got = reader.Get(partner, event.tracking_event_id);
    REQUIRE(got.ok());
    REQUIRE(got->event.has_value());
    CheckSame(*got->event, event);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "what an event lacks stays absent") {
    const auto event = StoredAt("2026-11-20T10:00:00Z");
    const auto page = Find(Query());
    REQUIRE(page.items.size() == 1);
    CHECK(!page.items[0].user_id);
    CHECK(!page.items[0].anonymous_id);
    CHECK(!page.items[0].schema_version);
    CHECK(page.items[0].validation_errors == "[]");
    CHECK(page.items[0].is_valid);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "an absent value does not inherit that of the row before") {
    auto full = Event(At("2026-11-20T10:00:01Z"));
    full.user_id = "u1";
    full.schema_version = 3;
    Stored(full);
    StoredAt("2026-11-20T10:00:00Z");
    const auto page = Find(Query());
    REQUIRE(page.items.size() == 2);
    CHECK(page.items[0].user_id == "u1");
    CHECK(!page.items[1].user_id);
    CHECK(!page.items[1].schema_version);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "times from the first to the last year are kept to the microsecond") {
    for (const auto* time :
         {"0001-01-01T00:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"}) {
      auto event = Event(At("2026-11-20T10:00:00Z"));
      event.event_timestamp = At(time);
      Stored(event);
      auto query = Query();
      query.from = At(time);
      query.limit = 1;
      query.descending = false;
      const auto page = Find(query);
      REQUIRE(page.items.size() == 1);
      CHECK(page.items[0].event_timestamp == At(time));
    }
  }

  TEST_CASE_FIXTURE(ReaderFixture, "the newest come first, or last when asked so") {
    std::vector<EventRow> stored = {StoredAt("2026-10-05T00:00:00Z"), StoredAt("2026-11-05T00:00:00Z"),
                                    StoredAt("2026-12-05T00:00:00Z")};
    auto query = Query();
    query.descending = false;
    CHECK(Ids(Find(query)) == Ids(stored));
    std::reverse(stored.begin(), stored.end());
    CHECK(Ids(Find(Query())) == Ids(stored));
  }

  TEST_CASE_FIXTURE(ReaderFixture, "pages follow each other without a gap or a repetition, equal times included") {
    std::vector<EventRow> stored;
    for (const auto* time : {"2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"}) {
      for (int i = 0; i < 5; ++i) stored.push_back(StoredAt(time));
    }
    std::sort(stored.begin(), stored.end(), [](const EventRow& one, const EventRow& other) {
      return std::pair(one.event_timestamp, one.tracking_event_id) <
             std::pair(other.event_timestamp, other.tracking_event_id);
    });
    for (const bool descending : {false, true}) {
      for (const int limit : {1, 2, 7, 15, 100}) {
        CAPTURE(descending);
        CAPTURE(limit);
        auto query = Query();
        query.descending = descending;
        query.limit = limit;
        std::vector<EventRow> walked;
        for (bool more = true; more;) {
          const auto page = Find(query);
          REQUIRE(!page.items.empty());
          CHECK(page.items.size() <= static_cast<std::size_t>(limit));
          walked.insert(walked.end(), page.items.begin(), page.items.end());
          query.after = {page.items.back().event_timestamp, page.items.back().tracking_event_id};
          more = page.next.has_value();
        }
        CHECK(Ids(walked) == Ids(stored));
        CHECK(Find(query).items.empty());
      }
      std::reverse(stored.begin(), stored.end());
    }
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a page that is full to its limit says whether more are behind it") {
    StoredAt("2026-11-20T10:00:00Z");
    StoredAt("2026-11-20T10:00:01Z");
    auto query = Query();
    query.limit = 2;
    CHECK(!Find(query).next);
    query.limit = 1;
    CHECK(Find(query).next);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a page ends before the byte that is one too many") {
    PostgresEventReader frugal(pool, {.max_page_bytes = 100, .statement_timeout = std::chrono::seconds(10)});
    const auto stored_with = [&](std::string_view time, std::size_t bytes) {
      auto event = Event(At(time));
      event.properties = R"({"a":")" + std::string(bytes - 8, 'x') + "\"}";
      return Stored(event);
    };
    const auto first = stored_with("2026-11-20T10:00:03Z", 60);
    const auto second = stored_with("2026-11-20T10:00:02Z", 40);
    const auto third = stored_with("2026-11-20T10:00:01Z", 10);
    auto query = Query();
    auto page = frugal.Find(query).value();
    CHECK(Ids(page) == Ids({first, second}));
    CHECK(page.next);
    query.after = {second.event_timestamp, second.tracking_event_id};
    page = frugal.Find(query).value();
    CHECK(Ids(page) == Ids({third}));
    CHECK(!page.next);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "one event that is over the byte limit is a page of its own") {
    PostgresEventReader frugal(pool, {.max_page_bytes = 100, .statement_timeout = std::chrono::seconds(10)});
    auto large = Event(At("2026-11-20T10:00:00Z"));
    large.properties = R"({"a":")" + std::string(300'000, 'x') + "\"}";
    Stored(large);
    StoredAt("2026-11-20T09:00:00Z");
    const auto page = frugal.Find(Query()).value();
    REQUIRE(page.items.size() == 1);
    CHECK(page.items[0].properties == large.properties);
    CHECK(page.next);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "each filter shows only what it asks for") {
    auto plain = Stored(Event(At("2026-11-20T10:00:00Z")));
    auto named = Event(At("2026-11-20T10:00:01Z"));
    named.event_name = "refund";
    Stored(named);
    auto of_user = Event(At("2026-11-20T10:00:02Z"));
    of_user.user_id = "u1";
    Stored(of_user);
    auto of_visitor = Event(At("2026-11-20T10:00:03Z"));
    of_visitor.anonymous_id = "a1";
    Stored(of_visitor);
    auto invalid = Event(At("2026-11-20T10:00:04Z"));
    invalid.is_valid = false;
    Stored(invalid);
    auto foreign = Event(At("2026-11-20T10:00:05Z"));
    foreign.partner_system_id = {secrets.NewId(At("2026-01-01T00:00:00Z"))};
    Stored(foreign);

    const auto found = [&](auto set) {
      auto query = Query();
      set(query);
      return Ids(Find(query));
    };
    CHECK(found([](EventQuery&) {}) == Ids({invalid, of_visitor, of_user, named, plain}));
    CHECK(found([](EventQuery& query) { query.event_name = "refund"; }) == Ids({named}));
    CHECK(found([](EventQuery& query) { query.user_id = "u1"; }) == Ids({of_user}));
    CHECK(found([](EventQuery& query) { query.anonymous_id = "a1"; }) == Ids({of_visitor}));
    CHECK(found([](EventQuery& query) { query.is_valid = false; }) == Ids({invalid}));
    CHECK(found([](EventQuery& query) { query.is_valid = true; }) == Ids({of_visitor, of_user, named, plain}));
    CHECK(found([&](EventQuery& query) { query.systems = {foreign.partner_system_id}; }) == Ids({foreign}));
    CHECK(found([](EventQuery& query) {
            query.from = At("2026-11-20T10:00:01Z");
            query.to = At("2026-11-20T10:00:03Z");
          }) == Ids({of_user, named}));
    CHECK(found([&](EventQuery& query) {
            query.event_name = "purchase";
            query.is_valid = true;
            query.to = At("2026-11-20T10:00:03Z");
            query.after = {of_user.event_timestamp, of_user.tracking_event_id};
          }) == Ids({plain}));
    CHECK(found([](EventQuery& query) {
            query.user_id = "u1";
            query.anonymous_id = "a1";
          }).empty());
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a filter is a value, whatever stands in it") {
    auto event = Event(At("2026-11-20T10:00:00Z"));
    event.event_name = "x' OR '1'='1 :system $1 \\";
    Stored(event);
    StoredAt("2026-11-20T10:00:01Z");
    auto query = Query();
    query.event_name = event.event_name;
    CHECK(Ids(Find(query)) == Ids({event}));
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a filter with a NUL byte finds nothing, not what stands before it") {
    using namespace std::string_literals;
    auto event = Event(At("2026-11-20T10:00:00Z"));
    event.user_id = "u1";
    event.anonymous_id = "a1";
    Stored(event);
    auto by_name = Query();
    by_name.event_name = "purchase\0x"s;
    auto by_user = Query();
    by_user.user_id = "u1\0"s;
    auto by_visitor = Query();
    by_visitor.anonymous_id = "a1\0"s;
    for (const auto& query : {by_name, by_user, by_visitor}) {
      const auto page = Find(query);
      CHECK(page.items.empty());
      CHECK(!page.next);
    }
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a filter that is not UTF-8 is invalid") {
    auto query = Query();
    query.user_id = "\xff";
    CHECK(reader.Find(query).error().kind == ErrorKind::kInvalid);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a read says how fresh it is") {
    CHECK(Find(Query()).as_of.position == 0);
    CHECK(!Find(Query()).as_of.instant);
    Sql(stores.read_dsn(), "UPDATE read.freshness SET position = 9000000000, instant = '2026-11-20T10:00:00.123456Z'");
    const auto page = Find(Query());
    CHECK(page.as_of.position == 9'000'000'000);
    CHECK(page.as_of.instant == At("2026-11-20T10:00:00.123456Z"));
    const auto got = reader.Get(partner, {secrets.NewId(At("2026-11-20T10:00:00Z"))});
    CHECK(got->as_of.position == 9'000'000'000);
    CHECK(!got->event);
  }

  TEST_CASE_FIXTURE(ReaderFixture, "an event is found by its id in the partition of its millisecond") {
    const auto first = StoredAt("2026-11-01T00:00:00.000000Z");
    const auto last = StoredAt("2026-11-30T23:59:59.999999Z");
    CHECK(reader.Get(partner, first.tracking_event_id)->event.has_value());
    CHECK(reader.Get(partner, last.tracking_event_id)->event.has_value());
  }

  TEST_CASE_FIXTURE(ReaderFixture, "ids that are not of version 7, and those of no time, are not found") {
    for (const auto* text : {"0192f0c1-2345-4678-9abc-def012345678", "00000000-0000-0000-0000-000000000000",
                             "ffffffff-ffff-7fff-bfff-ffffffffffff"}) {
      const auto got = reader.Get(partner, domain::TrackingEventId::Parse(text).value());
      REQUIRE_MESSAGE(got.ok(), text);
      CHECK(!got->event);
    }
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a question that takes too long is unavailable") {
    PostgresEventReader hasty(pool, {.statement_timeout = std::chrono::milliseconds(20)});
    PqConnection other(stores.read_dsn());
    (void)other.Execute("BEGIN; LOCK TABLE read.tracking_events_read_model");
    const auto found = hasty.Find(Query());
    REQUIRE(!found.ok());
    CHECK(found.error().kind == ErrorKind::kUnavailable);
    CHECK(log.Count("operation=find events sqlstate=57014") == 1);
    (void)other.Execute("ROLLBACK");
    CHECK(PostgresEventReader(pool).Find(Query()).ok());
  }

  TEST_CASE_FIXTURE(ReaderFixture, "a store that is away is unavailable") {
    SociPool broken({CompleteConnectionString(stores.read_dsn() + " dbname=nowhere").value(), 1}, log);
    PostgresEventReader away(broken);
    CHECK(away.Find(Query()).error().kind == ErrorKind::kUnavailable);
    CHECK(away.Get(partner, {secrets.NewId(At("2026-11-20T10:00:00Z"))}).error().kind == ErrorKind::kUnavailable);
  }
}
