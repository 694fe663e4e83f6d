#include "Infrastructure/Postgres/CommitPace.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;
using volcanion::infrastructure::CommitPace;

TEST_SUITE("pace of commits") {
  TEST_CASE("before anything is known, and while commits are fast, a tenth of the longest wait is no reason to worry") {
    CommitPace pace(5s);
    CHECK(pace.patience() == 500ms);
    for (int i = 0; i < 100; ++i) pace.Note(2ms);
    CHECK(pace.patience() == 500ms);
  }

  TEST_CASE("where commits usually take long, they may, up to half of the longest wait") {
    CommitPace pace(5s);
    for (int i = 0; i < 100; ++i) pace.Note(120ms);
    CHECK(pace.patience() == 1'200ms);
    for (int i = 0; i < 100; ++i) pace.Note(1s);
    CHECK(pace.patience() == 2'500ms);
  }

  TEST_CASE("a few commits that took long change nothing, and it is forgotten what was usual") {
    CommitPace pace(5s);
    for (int i = 0; i < 100; ++i) pace.Note(100ms);
    for (int i = 0; i < 7; ++i) pace.Note(4s);
    CHECK(pace.patience() == 1s);
    for (int i = 0; i < 15; ++i) pace.Note(1ms);
    CHECK(pace.patience() == 500ms);
  }

  TEST_CASE("the first commit of all is the usual one") {
    CommitPace pace(5s);
    pace.Note(70ms);
    CHECK(pace.patience() == 700ms);
  }
}
