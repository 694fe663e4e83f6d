#include "Application/Queries/EventStatistics.h"
#include "tests/support/RecordedLog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using domain::Result;
using domain::Timestamp;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;

namespace {

const Timestamp kBegin = domain::ParseRfc3339("2026-11-01T00:00:00Z").value();

template <typename Id>
Id IdWith(std::uint8_t last) {
  Id id;
  id.value.bytes[15] = last;
  return id;
}
const auto kAcme = IdWith<domain::PartnerId>(1), kOther = IdWith<domain::PartnerId>(2);
const auto kWeb = IdWith<domain::PartnerSystemId>(11), kApp = IdWith<domain::PartnerSystemId>(12),
           kOthersWeb = IdWith<domain::PartnerSystemId>(13);

struct TwoPartners final : DirectoryStore {
  Result<std::int64_t> Revision() override { return 1; }
  Result<DirectoryRows> Load(const std::set<domain::StructureId>&) override {
    DirectoryRows rows;
    rows.revision = 1;
    rows.partners = {{kAcme, "Acme"}, {kOther, "Other"}};
    rows.systems = {{kWeb, kAcme, "web", {}, {}}, {kApp, kAcme, "app", {}, {}}, {kOthersWeb, kOther, "web", {}, {}}};
    return rows;
  }
};

struct NoSchemas final : SchemaCompiler {
  Result<std::shared_ptr<const CompiledSchema>> Compile(std::string_view) const override {
    return domain::Error{domain::ErrorKind::kInvalid, "There are none."};
  }
};

/// Keeps what gets through.
struct Reader final : StatisticsReader {
  std::vector<domain::PartnerSystemId> systems;
  int questions = 0;

  Result<EventSummary> Summarize(const SummaryQuery& query) override { return Note<EventSummary>(query.scope); }
  Result<TimeSeries> CountOverTime(const SeriesQuery& query) override { return Note<TimeSeries>(query.scope); }
  Result<Numbers> Measure(const NumbersQuery& query) override { return Note<Numbers>(query.scope); }

 private:
  template <typename Answer>
  Answer Note(const EventQuery& scope) {
    systems = scope.systems;
    ++questions;
    return {};
  }
};

struct Asking {
  test::RecordedLog log;
  TwoPartners store;
  NoSchemas compiler;
  DirectoryCache directory{store, compiler, log, hours(1)};
  Reader reader;
  EventStatisticsHandler handler{reader, directory};

  static EventQuery Scope(microseconds length) {
    EventQuery scope;
    scope.partner = kAcme;
    scope.is_of_all_systems = true;
    scope.from = kBegin;
    scope.to = kBegin + length;
    return scope;
  }
  static SeriesQuery Series(Interval interval, microseconds length) {
    SeriesQuery question{Scope(length)};
    question.interval = interval;
    return question;
  }
  static NumbersQuery NumbersOf(std::vector<double> percentiles) {
    NumbersQuery question{Scope(hours(1))};
    question.property = {"amount"};
    question.percentiles = std::move(percentiles);
    return question;
  }

  /// What is wrong with a question: "/top too_many" and so on; "" when it gets through.
  template <typename Question>
  std::string FaultsOf(const Question& question) {
    const auto before = reader.questions;
    const auto answer = handler.Handle(question);
    CHECK((reader.questions > before) == answer.ok());
    if (answer) return "";
    CHECK(answer.error().kind == domain::ErrorKind::kInvalid);
    std::string faults;
    for (const auto& fault : answer.error().faults) {
      faults.append(faults.empty() ? "" : ", ").append(fault.pointer).append(" ").append(fault.code);
    }
    return faults;
  }
};

}  // namespace

TEST_SUITE("limits of statistics") {
  TEST_CASE_FIXTURE(Asking, "an answer has as many intervals as may be, and not one more, begun ones included") {
    const struct {
      Interval interval;
      microseconds length;
      std::int64_t most;
    } intervals[] = {{Interval::kMinute, minutes(1), kMaxMinutes},
                     {Interval::kHour, hours(1), kMaxPoints},
                     {Interval::kDay, std::chrono::days(1), kMaxPoints},
                     {Interval::kWeek, std::chrono::weeks(1), kMaxPoints}};
    for (const auto& [interval, length, most] : intervals) {
      CAPTURE(static_cast<int>(interval));
      CHECK(FaultsOf(Series(interval, length * most)) == "");
      CHECK(FaultsOf(Series(interval, length * most + microseconds(1))) == "/interval too_many");
      auto numbers = NumbersOf({50});
      numbers.interval = interval;
      numbers.scope.to = kBegin + length * most;
      CHECK(FaultsOf(numbers) == "");
      *numbers.scope.to += microseconds(1);
      CHECK(FaultsOf(numbers) == "/interval too_many");
      numbers.interval.reset();
      CHECK(FaultsOf(numbers) == "");
    }
  }

  TEST_CASE_FIXTURE(Asking, "intervals times groups are counts, of which there are so many at most") {
    auto question = Series(Interval::kHour, hours(1'100));
    question.grouping = Grouping::kEventName;
    question.top = kMaxGroups;
    REQUIRE(1'100 * static_cast<std::int64_t>(kMaxGroups) == kMaxCounts);
    CHECK(FaultsOf(question) == "");
    *question.scope.to += hours(1);
    CHECK(FaultsOf(question) == "/top too_many");
    for (const auto grouping : {Grouping::kSystem, Grouping::kProperty}) {
      question.grouping = grouping;
      CHECK(FaultsOf(question) == "/top too_many");
    }
    // Few groups, whatever the top.
    for (const auto grouping : {Grouping::kNone, Grouping::kIsValid, Grouping::kVerdict}) {
      question.grouping = grouping;
      CHECK(FaultsOf(question) == "");
    }
  }

  TEST_CASE_FIXTURE(Asking, "the top is of one group at least, and of a hundred at most") {
    auto question = Series(Interval::kHour, hours(1));
    for (const auto& [top, faults] : {std::pair<std::size_t, std::string>{0, "/top out_of_range"},
                                      {1, ""},
                                      {kMaxGroups, ""},
                                      {kMaxGroups + 1, "/top out_of_range"}}) {
      question.top = top;
      CHECK(FaultsOf(question) == faults);
    }
  }

  TEST_CASE_FIXTURE(Asking, "a range does not end before it begins, and intervals need both ends") {
    SummaryQuery summary{Scope(microseconds(-1))};
    CHECK(FaultsOf(summary) == "/to out_of_range");
    summary.scope.to = summary.scope.from;
    CHECK(FaultsOf(summary) == "");
    summary.scope.to.reset();
    CHECK(FaultsOf(summary) == "");
    CHECK(FaultsOf(Series(Interval::kHour, microseconds(-1))) == "/to out_of_range");
    CHECK(FaultsOf(Series(Interval::kHour, microseconds(0))) == "");
    SeriesQuery open{Scope(hours(1))};
    open.scope.from.reset();
    CHECK(FaultsOf(open) == "/from missing");
    open.scope.to.reset();
    CHECK(FaultsOf(open) == "/from missing, /to missing");
  }

  TEST_CASE_FIXTURE(Asking, "numbers are of a member, with a few percentiles from 0 to 100") {
    auto nothing = NumbersOf({});
    CHECK(FaultsOf(nothing) == "");
    nothing.property.clear();
    CHECK(FaultsOf(nothing) == "/property missing");
    CHECK(FaultsOf(NumbersOf(std::vector<double>(kMaxPercentiles, 50))) == "");
    CHECK(FaultsOf(NumbersOf(std::vector<double>(kMaxPercentiles + 1, 50))) == "/percentiles too_many");
    CHECK(FaultsOf(NumbersOf({0, 100})) == "");
    for (const double wrong : {-0.001, 100.001, std::nan("")}) {
      CHECK(FaultsOf(NumbersOf({50, wrong})) == "/percentiles out_of_range");
    }
  }

  TEST_CASE_FIXTURE(Asking, "a partner's systems are all of its own, and a system is one of them") {
    CHECK(FaultsOf(SummaryQuery{Scope(hours(1))}) == "");
    CHECK(reader.systems == std::vector{kWeb, kApp});
    SummaryQuery question{Scope(hours(1))};
    question.scope.is_of_all_systems = false;
    question.scope.systems = {kApp};
    CHECK(FaultsOf(question) == "");
    CHECK(reader.systems == std::vector{kApp});
    question.scope.systems = {kOthersWeb};
    CHECK(handler.Handle(question).error().kind == domain::ErrorKind::kNotFound);
    question.scope.partner = IdWith<domain::PartnerId>(3);
    question.scope.is_of_all_systems = true;
    CHECK(handler.Handle(question).error().kind == domain::ErrorKind::kNotFound);
  }

  TEST_CASE("what no roll-up knows is an analysis") {
    CHECK_FALSE(IsAnalysis(SummaryQuery{}));
    CHECK(IsAnalysis(SummaryQuery{{}, true}));
    CHECK(IsAnalysis(NumbersQuery{}));
    for (const auto interval : {Interval::kHour, Interval::kDay, Interval::kWeek}) {
      for (const auto grouping :
           {Grouping::kNone, Grouping::kEventName, Grouping::kVerdict, Grouping::kIsValid, Grouping::kSystem}) {
        SeriesQuery rolled_up;
        rolled_up.interval = interval;
        rolled_up.grouping = grouping;
        rolled_up.scope.event_name = "purchase";
        rolled_up.scope.is_valid = true;
        rolled_up.scope.verdict = domain::Verdict::Outcome::kValid;
        CHECK_FALSE(IsAnalysis(rolled_up));
      }
    }
    SeriesQuery by_minute, by_property;
    by_minute.interval = Interval::kMinute;
    CHECK(IsAnalysis(by_minute));
    by_property.grouping = Grouping::kProperty;
    CHECK(IsAnalysis(by_property));
    std::vector<SeriesQuery> filtered(6);
    filtered[0].scope.user_id = "u";
    filtered[1].scope.anonymous_id = "a";
    filtered[2].scope.correlation_id = "c";
    filtered[3].scope.violation_keyword = "enum";
    filtered[4].scope.violation_pointer = "/a";
    filtered[5].scope.properties = {{{"n"}, Comparison::kEqual, "1"}};
    for (const auto& question : filtered) CHECK(IsAnalysis(question));
  }
}
