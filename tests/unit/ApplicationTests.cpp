#include "Application/Base64.h"
#include "Application/JsonRepair.h"
#include "Application/Projections/ProjectBatches.h"
#include "Application/Queries/EventCursor.h"
#include "Application/Queries/PageCursor.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;

namespace {

domain::Timestamp At(std::string_view text) { return *domain::ParseRfc3339(text); }

domain::PartnerSystemId System(int number) {
  domain::PartnerSystemId id;
  id.value.bytes[15] = static_cast<std::uint8_t>(number);
  return id;
}

EventRow Row(int system, std::string name, std::string_view time) {
  EventRow row;
  row.partner_system_id = System(system);
  row.event_name = std::move(name);
  row.event_timestamp = At(time);
  return row;
}

EventQuery Question() {
  EventQuery query;
  query.systems = {System(1)};
  return query;
}

EventKey SomeKey() {
  return {At("2026-11-20T10:00:00.123456Z"), {*domain::Uuid::Parse("01a1f8b5-2daa-7540-afa2-97ece2294f56")}};
}

}  // namespace

TEST_SUITE("pages of lists") {
  TEST_CASE("a cursor stands for a place in its own list, and nothing else is taken for one") {
    Fingerprint list;
    list.Add("structures");
    Fingerprint other;
    other.Add("audit");
    const std::vector<std::string> place = {"a b/ü", "", "12"};
    const auto cursor = WritePageCursor(list, place);
    CHECK(ReadPageCursor(list, cursor, 3) == place);
    CHECK_FALSE(ReadPageCursor(other, cursor, 3).has_value());
    CHECK_FALSE(ReadPageCursor(list, cursor, 2).has_value());
    CHECK_FALSE(ReadPageCursor(list, WritePageCursor(list, {std::string("a\0b", 3)}), 1).has_value());
    CHECK_FALSE(ReadPageCursor(list, WritePageCursor(list, {"\xff"}), 1).has_value());
    for (std::size_t size = 0; size < cursor.size(); ++size) {
      CHECK_FALSE(ReadPageCursor(list, cursor.substr(0, size), 3).has_value());
    }
    CHECK_FALSE(ReadPageCursor(list, "no cursor!", 1).has_value());
  }
}

TEST_SUITE("cursors") {
  TEST_CASE("a cursor stands for a row of its own question") {
    const auto cursor = WriteCursor(Question(), SomeKey());
    const auto key = ReadCursor(Question(), cursor);
    REQUIRE(key.has_value());
    CHECK(key->event_timestamp == SomeKey().event_timestamp);
    CHECK(key->tracking_event_id == SomeKey().tracking_event_id);
  }

  TEST_CASE("a page may have another size than the one before") {
    auto larger = Question();
    larger.limit = 1'000;
    CHECK(ReadCursor(larger, WriteCursor(Question(), SomeKey())).has_value());
  }

  TEST_CASE("a cursor is of no use to another question") {
    const auto cursor = WriteCursor(Question(), SomeKey());
    const auto refused = [&](auto change) {
      auto other = Question();
      change(other);
      return !ReadCursor(other, cursor).has_value();
    };
    CHECK(refused([](EventQuery& q) { q.systems = {System(2)}; }));
    CHECK(refused([](EventQuery& q) { q.event_name = ""; }));
    CHECK(refused([](EventQuery& q) { q.from = At("2026-11-20T10:00:00Z"); }));
    CHECK(refused([](EventQuery& q) { q.to = At("2026-11-20T10:00:00Z"); }));
    CHECK(refused([](EventQuery& q) { q.user_id = "u"; }));
    CHECK(refused([](EventQuery& q) { q.anonymous_id = "u"; }));
    CHECK(refused([](EventQuery& q) { q.is_valid = true; }));
    CHECK(refused([](EventQuery& q) { q.descending = false; }));
    CHECK(refused([](EventQuery& q) { q.is_of_all_systems = true; }));
    CHECK(refused([](EventQuery& q) { q.correlation_id = "c"; }));
    CHECK(refused([](EventQuery& q) { q.verdict = domain::Verdict::Outcome::kUnjudged; }));
    CHECK(refused([](EventQuery& q) { q.violation_keyword = "enum"; }));
    CHECK(refused([](EventQuery& q) { q.violation_pointer = "/a"; }));
    CHECK(refused([](EventQuery& q) { q.properties = {{{"a"}, Comparison::kEqual, "1"}}; }));
  }

  TEST_CASE("a cursor tells one property filter from another") {
    const auto with = [](std::vector<PropertyFilter> properties) {
      auto question = Question();
      question.properties = std::move(properties);
      return question;
    };
    const auto cursor = WriteCursor(with({{{"a", "b"}, Comparison::kEqual, "1"}}), SomeKey());
    CHECK(ReadCursor(with({{{"a", "b"}, Comparison::kEqual, "1"}}), cursor).has_value());
    CHECK_FALSE(ReadCursor(with({{{"a", "c"}, Comparison::kEqual, "1"}}), cursor).has_value());
    CHECK_FALSE(ReadCursor(with({{{"a"}, Comparison::kEqual, "1"}}), cursor).has_value());
    CHECK_FALSE(ReadCursor(with({{{"a", "b"}, Comparison::kAtLeast, "1"}}), cursor).has_value());
    CHECK_FALSE(ReadCursor(with({{{"a", "b"}, Comparison::kEqual, "2"}}), cursor).has_value());
  }

  TEST_CASE("the cursor of a partner's events stays good when the partner gets another system") {
    auto question = Question();
    question.partner = domain::PartnerId{System(9).value};
    question.is_of_all_systems = true;
    const auto cursor = WriteCursor(question, SomeKey());
    question.systems.push_back(System(2));
    CHECK(ReadCursor(question, cursor).has_value());
  }

  TEST_CASE("texts that are no cursors are refused") {
    const auto good = WriteCursor(Question(), SomeKey());
    CHECK_FALSE(ReadCursor(Question(), "").has_value());
    CHECK_FALSE(ReadCursor(Question(), "hello").has_value());
    CHECK_FALSE(ReadCursor(Question(), good + "A").has_value());
    CHECK_FALSE(ReadCursor(Question(), good.substr(1)).has_value());
    CHECK_FALSE(ReadCursor(Question(), std::string(good.size(), '!')).has_value());
    // A time that PostgreSQL could not even read.
    const EventKey absurd{domain::Timestamp(std::chrono::microseconds(std::numeric_limits<std::int64_t>::max())), {}};
    CHECK_FALSE(ReadCursor(Question(), WriteCursor(Question(), absurd)).has_value());
  }
}

TEST_SUITE("base64") {
  TEST_CASE("the test vectors of RFC 4648 come out") {
    for (const auto& [plain, encoded] :
         std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                    {"f", "Zg"},
                                                                    {"fo", "Zm8"},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg"},
                                                                    {"fooba", "Zm9vYmE"},
                                                                    {"foobar", "Zm9vYmFy"}}) {
      CHECK(EncodeBase64Url(plain) == encoded);
      CHECK(DecodeBase64(encoded) == std::string(plain));
    }
    CHECK(DecodeBase64("Zm9vYg==") == "foob");
    CHECK(DecodeBase64("+/8=") == DecodeBase64("-_8"));
    CHECK_FALSE(DecodeBase64("Zm 9v").has_value());
  }
}

TEST_SUITE("projection") {
  TEST_CASE("every event becomes a row") {
    const auto time = "2026-11-20T10:00:00Z";
    const StoredBatch first{1, 2, {Row(1, "a", time), Row(1, "a", time)}};
    const StoredBatch second{2, 1, {Row(2, "b", time)}};
    const auto rows = ProjectBatches({&first, &second});
    REQUIRE(rows.events.size() == 3);
    CHECK(rows.events[1] == &first.events[1]);
    CHECK(rows.events[2] == &second.events[0]);
  }

  TEST_CASE("events that no structure has judged sum up by name and system, by when they were received") {
    const auto received = [](EventRow row, std::string_view at, std::optional<int> judged_by = {}) {
      row.created_at = At(at);
      row.schema_version = judged_by;
      return row;
    };
    const auto any = "2026-11-20T10:00:00Z";
    const StoredBatch batch{
        1,
        5,
        {received(Row(1, "b", any), "2026-11-20T12:00:00Z"), received(Row(1, "b", any), "2026-11-20T11:00:00Z"),
         received(Row(2, "b", any), "2026-11-20T13:00:00Z"), received(Row(1, "b", any), "2026-11-20T14:00:00Z", 1),
         received(Row(1, "a", any), "2026-11-20T10:00:00Z")}};
    const auto unknown = ProjectBatches({&batch}).unknown;
    REQUIRE(unknown.size() == 3);
    CHECK(unknown[0].event_name == "a");  // sorted
    CHECK(unknown[1].event_name == "b");
    CHECK(unknown[1].system == System(1));
    CHECK(unknown[1].events == 2);
    CHECK(unknown[1].first_seen == At("2026-11-20T11:00:00Z"));
    CHECK(unknown[1].last_seen == At("2026-11-20T12:00:00Z"));
    CHECK(unknown[2].system == System(2));
  }

  TEST_CASE("nothing becomes nothing") {
    const auto rows = ProjectBatches({});
    CHECK(rows.events.empty());
    CHECK(rows.unknown.empty());
  }
}

TEST_SUITE("JSON repair") {
  TEST_CASE("lone surrogates and huge numbers are made readable without moving anything") {
    for (const auto& [sent, repaired] : std::initializer_list<std::pair<const char*, const char*>>{
             {R"({"a":"\ud800"})", R"({"a":"\ufffd"})"},
             {R"({"a":"\udc00x"})", R"({"a":"\ufffdx"})"},
             {R"({"a":"\ud83d\ude00"})", R"({"a":"\ud83d\ude00"})"},
             {R"({"a":"\ud83d\ud83d\ude00"})", R"({"a":"\ufffd\ud83d\ude00"})"},
             {R"({"a":"\\ud800"})", R"({"a":"\\ud800"})"},
             {R"({"a":"\"\ud800"})", R"({"a":"\"\ufffd"})"},
             {R"({"a":1e131071,"b":2})", R"({"a":0       ,"b":2})"},
             {R"({"1e999":"1e999"})", R"({"1e999":"1e999"})"},
         }) {
      CAPTURE(sent);
      std::string json = sent;
      (void)RepairJson(json);
      CHECK(json == repaired);
    }
  }
}
