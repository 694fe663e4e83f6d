#include "Application/Behaviour/Funnel.h"
#include "Application/Behaviour/Median.h"
#include "Application/Behaviour/PersonIndex.h"
#include "Application/Behaviour/Sessions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

using namespace volcanion;
using namespace volcanion::application;
using domain::Timestamp;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

Timestamp At(std::int64_t second) { return Timestamp(seconds(1'700'000'000 + second)); }

domain::TrackingEventId IdWith(std::uint8_t last) {
  domain::TrackingEventId id;
  id.value.bytes[15] = last;
  return id;
}

/// Steps as letters: "ab" is an event that can be the first and the second.
FunnelEvent Event(std::uint32_t person, std::int64_t second, const std::string& steps, std::uint8_t id = 0) {
  std::uint32_t bits = 0;
  for (const char step : steps) bits |= 1u << (step - 'a');
  return {person, bits, At(second), IdWith(id)};
}

FunnelRule Rule(std::size_t steps, std::int64_t window = 1'000) { return {steps, At(0), At(1'000), seconds(window)}; }

std::vector<std::int64_t> PeopleOf(const std::vector<FunnelStep>& steps) {
  std::vector<std::int64_t> people;
  for (const auto& step : steps) people.push_back(step.people);
  return people;
}

using Key = std::tuple<Timestamp, domain::TrackingEventId>;
Key KeyOf(const FunnelEvent& event) { return {event.time, event.id}; }

/// By the words of the definition: each start is tried, each step looked for in all events.
std::vector<FunnelStep> Reference(const std::vector<FunnelEvent>& events, const FunnelRule& rule) {
  std::map<std::uint32_t, std::vector<FunnelEvent>> by_person;
  for (const auto& event : events) by_person[event.person].push_back(event);
  std::vector<FunnelStep> steps(rule.steps);
  std::vector<std::vector<microseconds>> previous(rule.steps), first(rule.steps);
  for (const auto& [person, own] : by_person) {
    std::vector<FunnelEvent> best;
    for (const auto& start : own) {
      if (!(start.steps & 1) || start.time < rule.from || start.time >= rule.to) continue;
      std::vector<FunnelEvent> attempt{start};
      for (std::size_t step = 1; step < rule.steps; ++step) {
        const FunnelEvent* next = nullptr;
        for (const auto& event : own) {
          const bool fits = (event.steps >> step & 1) && KeyOf(event) > KeyOf(attempt.back());
          if (fits && (next == nullptr || KeyOf(event) < KeyOf(*next))) next = &event;
        }
        if (next == nullptr || next->time - start.time > rule.window) break;
        attempt.push_back(*next);
      }
      const bool is_better =
          attempt.size() > best.size() || (attempt.size() == best.size() && KeyOf(attempt[0]) < KeyOf(best[0]));
      if (is_better) best = attempt;
    }
    for (std::size_t step = 0; step < best.size(); ++step) {
      ++steps[step].people;
      if (step == 0) continue;
      previous[step].push_back(best[step].time - best[step - 1].time);
      first[step].push_back(best[step].time - best[0].time);
    }
  }
  for (std::size_t step = 1; step < rule.steps; ++step) {
    steps[step].median_seconds_from_previous = MedianSeconds(previous[step]);
    steps[step].median_seconds_from_first = MedianSeconds(first[step]);
  }
  return steps;
}

/// A session, with its person.
using Whole = std::tuple<std::uint32_t, Timestamp, Timestamp, std::int64_t>;

std::vector<Whole> AllSessions(std::vector<SessionEvent> events, microseconds gap) {
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return std::tie(a.person, a.time) < std::tie(b.person, b.time); });
  std::vector<Whole> sessions;
  for (const auto& event : events) {
    const bool goes_on = !sessions.empty() && std::get<0>(sessions.back()) == event.person &&
                         event.time - std::get<2>(sessions.back()) <= gap;
    if (!goes_on) sessions.emplace_back(event.person, event.time, event.time, 0);
    std::get<2>(sessions.back()) = event.time;
    ++std::get<3>(sessions.back());
  }
  return sessions;
}

}  // namespace

TEST_SUITE("funnels") {
  TEST_CASE("steps are strictly one behind the other, and one event is one step") {
    CHECK(PeopleOf(MeasureFunnel({Event(0, 1, "a"), Event(0, 2, "b")}, Rule(2))) == std::vector<std::int64_t>{1, 1});
    CHECK(PeopleOf(MeasureFunnel({Event(0, 2, "a"), Event(0, 1, "b")}, Rule(2))) == std::vector<std::int64_t>{1, 0});
    CHECK(PeopleOf(MeasureFunnel({Event(0, 1, "ab")}, Rule(2))) == std::vector<std::int64_t>{1, 0});
    CHECK(PeopleOf(MeasureFunnel({Event(0, 1, "ab"), Event(0, 2, "ab")}, Rule(3))) ==
          std::vector<std::int64_t>{1, 1, 0});
    CHECK(PeopleOf(MeasureFunnel({Event(0, 1, "a"), Event(1, 2, "b")}, Rule(2))) == std::vector<std::int64_t>{1, 0});
    CHECK(PeopleOf(MeasureFunnel({}, Rule(2))) == std::vector<std::int64_t>{0, 0});
  }

  TEST_CASE("events of one instant are in the order of their ids") {
    CHECK(PeopleOf(MeasureFunnel({Event(0, 1, "a", 1), Event(0, 1, "b", 2)}, Rule(2))).back() == 1);
    CHECK(PeopleOf(MeasureFunnel({Event(0, 1, "a", 2), Event(0, 1, "b", 1)}, Rule(2))).back() == 0);
  }

  TEST_CASE("the first step is within the range, and the others within the window, its end included") {
    CHECK(PeopleOf(MeasureFunnel({Event(0, -1, "a"), Event(0, 1, "b")}, Rule(2))).front() == 0);
    CHECK(PeopleOf(MeasureFunnel({Event(0, 1'000, "a"), Event(0, 1'001, "b")}, Rule(2))).front() == 0);
    CHECK(PeopleOf(MeasureFunnel({Event(0, 999, "a"), Event(0, 1'009, "b")}, Rule(2, 10))).back() == 1);
    CHECK(PeopleOf(MeasureFunnel({Event(0, 999, "a"), Event(0, 1'010, "b")}, Rule(2, 10))).back() == 0);
  }

  TEST_CASE("who gets on with a second attempt counts by that, with its times") {
    const auto steps = MeasureFunnel({Event(0, 1, "a"), Event(0, 100, "a"), Event(0, 105, "b"), Event(1, 1, "a"),
                                      Event(1, 4, "b"), Event(2, 7, "a")},
                                     Rule(2, 10));
    CHECK(PeopleOf(steps) == std::vector<std::int64_t>{3, 2});
    CHECK(steps[1].median_seconds_from_previous == 4.0);
    CHECK_FALSE(steps[0].median_seconds_from_first.has_value());
  }

  TEST_CASE("random people get as far as the definition says") {
    std::mt19937 random(20261130);
    const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    for (int round = 0; round < 300; ++round) {
      const auto steps = static_cast<std::size_t>(2 + pick(4));
      const FunnelRule rule{steps, At(10), At(10 + pick(60)), seconds(1 + pick(30))};
      std::vector<FunnelEvent> events;
      for (int i = 0; i < 120; ++i) {
        FunnelEvent event{static_cast<std::uint32_t>(pick(6)), 0, At(pick(90)), IdWith(static_cast<std::uint8_t>(i))};
        for (std::size_t step = 0; step < steps; ++step) event.steps |= pick(3) == 0 ? 1u << step : 0;
        events.push_back(event);
      }
      std::shuffle(events.begin(), events.end(), random);
      const auto expected = Reference(events, rule), found = MeasureFunnel(events, rule);
      CAPTURE(round);
      for (std::size_t step = 0; step < steps; ++step) {
        CHECK(found[step].people == expected[step].people);
        CHECK(found[step].median_seconds_from_previous == expected[step].median_seconds_from_previous);
        CHECK(found[step].median_seconds_from_first == expected[step].median_seconds_from_first);
      }
    }
  }
}

TEST_SUITE("sessions") {
  TEST_CASE("a pause as long as the gap is none, and a longer one ends the session") {
    SessionCount count(At(0), At(100), seconds(10));
    count.Add({{0, At(0)}, {0, At(10)}, {0, At(21)}, {1, At(50)}}, At(100));
    CHECK_FALSE(count.AnyOpen());
    const auto totals = count.Take();
    CHECK(totals.sessions == 3);
    CHECK(totals.people == 2);
    CHECK(totals.events == 4);
    CHECK(totals.median_seconds == 0.0);
    CHECK(totals.average_seconds == doctest::Approx(10.0 / 3));
  }

  TEST_CASE("who has been there since before the range does not begin in it, and who goes on behind it is followed") {
    SessionCount count(At(0), At(100), seconds(10));
    count.Add({{0, At(-10)}, {0, At(0)}, {0, At(10)}, {1, At(95)}}, At(100));
    CHECK_FALSE(count.IsOpen(0));
    CHECK(count.IsOpen(1));
    CHECK_FALSE(count.IsOpen(7));
    count.Add({{1, At(105)}}, At(110));
    CHECK(count.IsOpen(1));
    count.Add({}, At(120));
    CHECK_FALSE(count.AnyOpen());
    const auto totals = count.Take();
    CHECK(totals.sessions == 1);
    CHECK(totals.events == 2);
    CHECK(totals.average_seconds == 10.0);
  }

  TEST_CASE("nobody's sessions have no average") {
    SessionCount count(At(0), At(100), seconds(10));
    CHECK_FALSE(count.Take().average_seconds.has_value());
  }

  TEST_CASE("random sessions are counted as in one go over all events, whatever the stretches") {
    std::mt19937 random(20261130);
    const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    for (int round = 0; round < 200; ++round) {
      std::vector<SessionEvent> events;
      for (int i = 0; i < 150; ++i) events.push_back({static_cast<std::uint32_t>(pick(5)), At(pick(600))});
      const seconds gap(1 + pick(20));
      const int begin = 100 + pick(100), end = begin + 1 + pick(200);
      SessionTotals expected;
      std::vector<microseconds> lengths;
      std::map<std::uint32_t, bool> people;
      for (const auto& [person, first, last, count] : AllSessions(events, gap)) {
        if (first < At(begin) || first >= At(end)) continue;
        ++expected.sessions;
        expected.events += count;
        people[person] = true;
        lengths.push_back(last - first);
      }
      SessionCount counted(At(begin), At(end), gap);
      auto from = At(begin) - gap;
      for (auto to = At(end); from < At(700); from = to, to += seconds(1 + pick(40))) {
        std::vector<SessionEvent> stretch;
        for (const auto& event : events) {
          if (event.time >= from && event.time < to) stretch.push_back(event);
        }
        counted.Add(stretch, to);
      }
      const auto totals = counted.Take();
      CAPTURE(round);
      CHECK(totals.sessions == expected.sessions);
      CHECK(totals.events == expected.events);
      CHECK(totals.people == static_cast<std::int64_t>(people.size()));
      CHECK(totals.median_seconds == MedianSeconds(lengths));
    }
  }

  TEST_CASE("a median is the value in the middle, or the mean of the two there") {
    CHECK_FALSE(MedianSeconds({}).has_value());
    CHECK(MedianSeconds({seconds(3)}) == 3.0);
    CHECK(MedianSeconds({seconds(9), seconds(1), seconds(4)}) == 4.0);
    CHECK(MedianSeconds({seconds(9), seconds(1), seconds(4), seconds(2)}) == 3.0);
  }
}

TEST_SUITE("people") {
  TEST_CASE("each has one number, in the order in which they came, whatever their ids are like") {
    std::mt19937 random(20261130);
    PersonIndex people;
    std::map<std::string, std::uint32_t> expected;
    for (int i = 0; i < 20'000; ++i) {
      auto person = std::to_string(random() % 9'000);
      if (random() % 2 == 0) person += std::string(random() % 40, '\0');
      if (random() % 9 == 0) person.clear();
      const auto known = expected.emplace(person, static_cast<std::uint32_t>(expected.size())).first->second;
      REQUIRE(people.NumberOf(person) == known);
      REQUIRE(people.Find(person) == known);
    }
    CHECK(people.size() == expected.size());
    CHECK_FALSE(people.Find("nobody").has_value());
    CHECK(people.bytes() > 20 * expected.size());
    for (const auto& [person, number] : expected) CHECK(people.Find(person) == number);
  }
}
