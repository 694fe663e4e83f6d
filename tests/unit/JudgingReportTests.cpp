#include "Application/Jobs/JudgingReport.h"
#include "Application/Jobs/SampleShares.h"
#include "Application/Projections/ProjectBatches.h"
#include "Domain/Timestamp.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;

namespace {

domain::Verdict Invalid(std::vector<domain::Violation> violations) {
  return {domain::Verdict::Outcome::kInvalid, std::move(violations)};
}

}  // namespace

TEST_SUITE("judging report") {
  TEST_CASE("indexes of arrays are one kind of place") {
    CHECK(WithoutIndexes("") == "");
    CHECK(WithoutIndexes("/items/12/price") == "/items/*/price");
    CHECK(WithoutIndexes("/0/1/a2/") == "/*/*/a2/");
  }

  TEST_CASE("an event counts once for each kind of violation, and three are kept as examples") {
    JudgingReport report;
    EventRow event;
    for (int i = 0; i < 5; ++i) {
      report.Add(event,
                 Invalid({{"/items/0", "type", "first"}, {"/items/1", "type", "second"}, {"", "required", "third"}}));
    }
    REQUIRE(report.kinds.size() == 2);
    CHECK(report.kinds[0].pointer == "/items/*");
    CHECK(report.kinds[0].events == 5);
    CHECK(report.kinds[0].examples.size() == 3);
    CHECK(report.kinds[0].examples[0].message == "first");
    CHECK(report.tally.turned_invalid == 5);
    CHECK(report.violating == 5);
  }

  TEST_CASE("what is beyond a hundred kinds is counted together, and long texts are cut between characters") {
    JudgingReport report;
    for (int i = 0; i < 130; ++i) {
      report.Add({}, Invalid({{"/p" + std::to_string(i), "type", "x" + std::string(400, '\xC3')}}));
    }
    CHECK(report.kinds.size() == 100);
    CHECK(report.events_beyond == 30);
    report = {};
    std::string long_text = "x";
    for (int i = 0; i < 300; ++i) long_text += "\u00e9";
    report.Add({}, Invalid({{"/" + long_text, "type", long_text}}));
    CHECK(report.kinds[0].examples[0].message.size() == 299 + 3);
    CHECK(report.kinds[0].pointer.size() <= 303);
  }

  TEST_CASE("an event that cannot be judged is counted as such") {
    JudgingReport report;
    report.Add({}, domain::Unjudged("takes too many steps"));
    CHECK(report.unjudged == 1);
  }

  TEST_CASE("a sample is divided evenly, and what one leaves goes to the others") {
    const auto divide = [](std::vector<std::int64_t> counts, std::int64_t sample) {
      return DivideSample(counts, sample);
    };
    CHECK(divide({100, 10, 100}, 50) == std::vector<std::int64_t>{20, 10, 20});
    CHECK(divide({5, 5}, 50) == std::vector<std::int64_t>{5, 5});
    CHECK(divide({9, 9, 9}, 10) == std::vector<std::int64_t>{3, 3, 4});
    CHECK(divide({9, 9, 9}, 1) == std::vector<std::int64_t>{0, 0, 1});
    CHECK(divide({}, 10).empty());
  }

  TEST_CASE("a changed verdict moves from one count to the other, sorted with what is new") {
    const auto time = *domain::ParseRfc3339("2026-11-20T10:20:30Z");
    VerdictChange to_valid;
    to_valid.event_name = "b";
    to_valid.event_timestamp = time;
    to_valid.was_valid = false;
    to_valid.was_unjudged = true;
    VerdictChange unchanged;
    unchanged.event_name = "a";
    unchanged.event_timestamp = time;
    const domain::Timestamp hour = *domain::ParseRfc3339("2026-11-20T10:00:00Z");
    std::vector<EventCount> counts{{hour, {}, {}, "b", true, 2, 0}, {hour, {}, {}, "c", true, 1, 0}};
    AddVerdictChanges(counts, std::vector{to_valid, unchanged});
    REQUIRE(counts.size() == 3);
    CHECK(counts[0].event_name == "b");
    CHECK_FALSE(counts[0].is_valid);
    CHECK(counts[0].events == -1);
    CHECK(counts[0].unjudged == -1);
    CHECK(counts[1].is_valid);
    CHECK(counts[1].events == 3);
    CHECK(counts[2].event_name == "c");
  }
}
