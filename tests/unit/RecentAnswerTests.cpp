#include "Api/Middleware/RecentAnswers.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

using namespace volcanion;
using namespace std::chrono_literals;
using api::RecentAnswers;

namespace {

constexpr RecentAnswers::SteadyTime kStart{1h};

std::shared_ptr<const RecentAnswers::Recent> Answer(std::string text, RecentAnswers::SteadyTime checked_at = kStart,
                                                    std::int64_t revision = 1) {
  RecentAnswers::Recent recent;
  recent.answer = {std::make_shared<const std::string>(std::move(text)), {}, checked_at, revision};
  return std::make_shared<const RecentAnswers::Recent>(std::move(recent));
}

/// What it says, with a mark when it is to be renewed.
std::string Text(const RecentAnswers::Found& found) {
  return found.recent ? *found.recent->answer.text + (found.is_to_be_renewed ? "!" : "") : "(none)";
}

}  // namespace

TEST_SUITE("answers of a moment ago") {
  TEST_CASE("an answer is given until it is too old, under its own target only") {
    RecentAnswers recent({.max_age = 500ms});
    recent.Keep("/a?x=1", Answer("one"), kStart);
    CHECK(Text(recent.Find("/a?x=1", 1, kStart + 299ms)) == "one");
    CHECK(Text(recent.Find("/a?x=2", 1, kStart)) == "(none)");
    CHECK(Text(recent.Find("/a?x=1", 1, kStart + 500ms)) == "(none)");
  }

  TEST_CASE("one of those who ask makes it anew, and all have it meanwhile") {
    RecentAnswers recent({.max_age = 500ms});
    recent.Keep("/a", Answer("one"), kStart);
    CHECK(Text(recent.Find("/a", 1, kStart + 300ms)) == "one!");
    CHECK(Text(recent.Find("/a", 1, kStart + 300ms)) == "one");
    CHECK(Text(recent.Find("/a", 1, kStart + 499ms)) == "one");
    recent.Keep("/a", Answer("two", kStart + 300ms), kStart + 320ms);
    CHECK(Text(recent.Find("/a", 1, kStart + 550ms)) == "two");
    recent.Keep("/a", Answer("late", kStart + 100ms), kStart + 330ms);
    CHECK(Text(recent.Find("/a", 1, kStart + 400ms)) == "two");
    CHECK(Text(recent.Find("/a", 1, kStart + 600ms)) == "two!");
  }

  TEST_CASE("an answer of another picture of the directory is not given") {
    RecentAnswers recent({.max_age = 500ms});
    recent.Keep("/a", Answer("one", kStart, 7), kStart);
    CHECK(Text(recent.Find("/a", 7, kStart)) == "one");
    CHECK(Text(recent.Find("/a", 8, kStart)) == "(none)");
  }

  TEST_CASE("they never take more than their bytes") {
    RecentAnswers recent({.max_age = 500ms, .max_bytes = 100});
    recent.Keep("/a", Answer(std::string(60, 'a')), kStart);
    recent.Keep("/b", Answer(std::string(60, 'b')), kStart);
    CHECK(Text(recent.Find("/a", 1, kStart)) == "(none)");
    CHECK(Text(recent.Find("/b", 1, kStart)) == std::string(60, 'b'));
    recent.Keep("/c", Answer(std::string(101, 'c')), kStart);
    CHECK(Text(recent.Find("/c", 1, kStart)) == "(none)");
  }

  TEST_CASE("without an age, none is given") {
    RecentAnswers recent({.max_age = 0ms});
    recent.Keep("/a", Answer("one"), kStart);
    CHECK(Text(recent.Find("/a", 1, kStart)) == "(none)");
  }
}
