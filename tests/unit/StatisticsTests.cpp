#include "Infrastructure/Postgres/CountCells.h"
#include "Infrastructure/Postgres/QuarterCounts.h"
#include "Infrastructure/Postgres/UserSketch.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;
using application::EventCounts;

namespace {

domain::Timestamp At(std::string_view text) { return domain::ParseRfc3339(text).value(); }

UserSketch SketchOf(int first, int end) {
  UserSketch sketch;
  for (int user = first; user < end; ++user) sketch.Add(UserEntry("user " + std::to_string(user)));
  return sketch;
}

}  // namespace

TEST_SUITE("sketches of users") {
  TEST_CASE("an estimate is as close as the stated error says, from few users to many") {
    CHECK(UserSketch().Estimate() == 0);
    for (const int users : {1, 10, 100, 1'000, 3'000, 10'000, 50'000, 200'000}) {
      CAPTURE(users);
      const auto estimate = static_cast<double>(SketchOf(0, users).Estimate());
      CHECK(std::abs(estimate - users) <= 3 * UserSketch::kRelativeError * users + 0.5);
    }
  }

  TEST_CASE("merged sketches are the sketch of all their users, in whatever form they were stored") {
    for (const int users : {20, 1'000, 100'000}) {
      CAPTURE(users);
      auto merged = SketchOf(0, users);
      merged.Merge(SketchOf(users / 2, users * 2).ToBytes());
      CHECK(merged.ToBytes() == SketchOf(0, users * 2).ToBytes());
      UserSketch read;
      read.Merge(merged.ToBytes());
      CHECK(read.Estimate() == merged.Estimate());
    }
    UserSketch both;
    both.MergeEntries(SketchOf(0, 50).ToBytes() + SketchOf(50, 100).ToBytes());
    both.MergeRegisters(SketchOf(0, 50'000).ToBytes() + SketchOf(50'000, 60'000).ToBytes());
    CHECK(both.ToBytes() == SketchOf(0, 60'000).ToBytes());
  }

  TEST_CASE("an entry is what the SHA-256 of the user says") {
    // echo -n abc | sha256sum: ba7816bf8f01cfea...
    CHECK(UserEntry("abc") == 0xba7 * 64 + 1);
    std::string bytes;
    UserSketch::AppendEntry(0x123456, bytes);
    CHECK(bytes == "\x12\x34\x56");
  }
}

TEST_SUITE("counts by the quarter of an hour") {
  TEST_CASE("quarters and days are those of UTC, before 1970 too") {
    CHECK(QuarterOf(At("1970-01-01T00:14:59.999999Z")) == 0);
    CHECK(QuarterOf(At("1970-01-01T00:15:00Z")) == 1);
    CHECK(QuarterOf(At("1969-12-31T23:59:59.999999Z")) == -1);
    CHECK(QuarterOf(At("1969-12-31T23:45:00Z")) == -1);
    CHECK(DayOf(QuarterOf(At("1969-12-31T00:00:00Z"))) == -1);
    CHECK(DayOf(QuarterOf(At("1969-12-30T23:59:59Z"))) == -2);
    CHECK(DayOf(QuarterOf(At("1970-01-01T23:59:59Z"))) == 0);
    CHECK(BeginOf(QuarterOf(At("2026-11-20T10:29:59Z"))) == At("2026-11-20T10:15:00Z"));
    CHECK(BeginOf(QuarterOf(At("0001-01-01T00:00:00Z"))) == At("0001-01-01T00:00:00Z"));
  }

  TEST_CASE("the quarters of days are read as they were written, several behind each other too") {
    const QuartersOfDay day = {{0, {1, 0, 0, 0}}, {1, {}}, {50, {300, -2, 1'000'000'000'000, 7}}, {95, {0, 0, 0, 127}}};
    std::vector<std::pair<int, EventCounts>> read;
    ReadQuarters(WriteQuarters(day) + WriteQuarters({}) + WriteQuarters({{3, {0, 64, 0, 0}}}),
                 [&read](int quarter, const EventCounts& counts) { read.emplace_back(quarter, counts); });
    CHECK(read ==
          std::vector<std::pair<int, EventCounts>>{
              {0, {1, 0, 0, 0}}, {50, {300, -2, 1'000'000'000'000, 7}}, {95, {0, 0, 0, 127}}, {3, {0, 64, 0, 0}}});
    const auto bytes = WriteQuarters(day);
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      CHECK_THROWS_AS(ReadQuarters(bytes.substr(0, size), [](int, const EventCounts&) {}), std::runtime_error);
    }
  }

  TEST_CASE("cells are read as they were written") {
    const auto system = domain::PartnerSystemId::Parse("01a1f8b5-2daa-7540-afa2-97ece2294f56").value();
    std::string bytes;
    AppendCell({system,
                QuarterOf(At("2026-11-20T10:20:00Z")),
                "a \"name\"",
                {1, -2, 3, 4},
                At("2026-11-20T10:15:00Z"),
                At("2026-11-20T10:29:59.999999Z"),
                "abcdef"},
               bytes);
    AppendCell({system, -5, "", {0, 0, 0, 9}, {}, {}, ""}, bytes);
    int cells = 0;
    ReadCells(bytes, [&](const CountCell& cell) {
      CHECK(cell.system == system);
      if (cells++ == 0) {
        CHECK(cell.quarter == QuarterOf(At("2026-11-20T10:20:00Z")));
        CHECK(cell.event_name == "a \"name\"");
        CHECK(cell.counts == EventCounts{1, -2, 3, 4});
        CHECK(cell.first_at == At("2026-11-20T10:15:00Z"));
        CHECK(cell.last_at == At("2026-11-20T10:29:59.999999Z"));
        CHECK(cell.users == "abcdef");
      } else {
        CHECK(cell.quarter == -5);
        CHECK(cell.counts == EventCounts{0, 0, 0, 9});
        CHECK_FALSE(cell.first_at.has_value());
        CHECK(cell.users.empty());
      }
    });
    CHECK(cells == 2);
    CHECK_THROWS_AS(ReadCells(bytes.substr(0, bytes.size() - 1), [](const CountCell&) {}), std::runtime_error);
  }
}
