#include "Application/Jobs/JudgingReport.h"
#include "Application/Jobs/SampleShares.h"

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
}
