#include "Api/Middleware/EntityTag.h"
#include "Api/Middleware/FailureThrottle.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace volcanion::api;
using namespace std::chrono_literals;

namespace {

const std::chrono::steady_clock::time_point kStart{1'000h};

}  // namespace

TEST_SUITE("failures by address") {
  TEST_CASE("an address waits from its last allowed failure to the end of the window that began with the first") {
    FailureThrottle throttle(3, 60s);
    for (int i = 0; i < 3; ++i) {
      CHECK(!throttle.WaitFor("192.0.2.1", kStart + i * 1s));
      throttle.NoteFailure("192.0.2.1", kStart + i * 1s);
    }
    CHECK(throttle.WaitFor("192.0.2.1", kStart + 10s) == 50s);
    CHECK(throttle.WaitFor("192.0.2.1", kStart + 59'500ms) == 1s);
    CHECK(!throttle.WaitFor("192.0.2.1", kStart + 60s));
    throttle.NoteFailure("192.0.2.1", kStart + 60s);  // a window of its own
    CHECK(!throttle.WaitFor("192.0.2.1", kStart + 61s));
    CHECK(!throttle.WaitFor("192.0.2.2", kStart + 10s));
  }

  TEST_CASE("all of an IPv6 /64 is one address, and IPv4 is one however it is written") {
    FailureThrottle throttle(1, 60s);
    throttle.NoteFailure("2001:db8:0:1::1", kStart);
    CHECK(throttle.WaitFor("2001:db8:0:1:ffff::2", kStart));
    CHECK(!throttle.WaitFor("2001:db8:0:2::1", kStart));
    throttle.NoteFailure("192.0.2.1", kStart);
    CHECK(throttle.WaitFor("::ffff:192.0.2.1", kStart));
    CHECK(!throttle.WaitFor("192.0.2.2", kStart));
    throttle.NoteFailure("no address", kStart);
    CHECK(throttle.WaitFor("no address", kStart));
  }

  TEST_CASE("where more addresses fail than there is room for, who fails all the time is remembered") {
    FailureThrottle throttle(5, 60s);
    auto now = kStart;
    for (int i = 0; i < 100'000; ++i) {
      now += 100us;
      throttle.NoteFailure(
          "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255), now);
      if (i % 10 == 0) throttle.NoteFailure("192.0.2.1", now);
    }
    CHECK(throttle.WaitFor("192.0.2.1", now));
  }
}

TEST_SUITE("entity tags") {
  TEST_CASE("If-Match names the revisions that will do; what is no strong tag of ours matches nothing") {
    const auto read = [](const std::string& field) {
      Headers headers;
      headers.Add("if-match", field);
      return ReadIfMatch(headers, "one");
    };
    const auto one = EntityTag("one", 1), two = EntityTag("one", 2);
    CHECK(!ReadIfMatch(Headers(), "one"));
    CHECK(!read("*"));
    CHECK(read(one) == std::vector{1});
    CHECK(read(one + " , " + two + ",W/" + EntityTag("one", 3)) == std::vector{1, 2});
    CHECK(read(EntityTag("another", 1) + ", " + two) == std::vector{2});
    for (const std::string& other :
         {std::string(), std::string("1"), std::string("\"\""), std::string("\"1\""), one.substr(1),
          one.substr(0, one.size() - 1), "W/" + one, "\"x" + one.substr(1), EntityTag("another", 1)}) {
      CAPTURE(other);
      CHECK(read(other) == std::vector<int>());
    }
  }
  TEST_CASE("what a GET knows already is 304, and a change is answered whole") {
    const auto status = [](const std::string& method, const std::string& known) {
      Request request;
      request.method = method;
      request.headers.Add("If-None-Match", known);
      const auto answer = Tagged(request, {200, {}, "{}"}, "one", 2);
      CHECK(answer.headers.Find("ETag") == EntityTag("one", 2));
      CHECK(answer.body == (answer.status == 200 ? "{}" : ""));
      return answer.status;
    };
    const auto tag = EntityTag("one", 2);
    for (const auto& known : {tag, "W/" + tag, EntityTag("one", 1) + ", " + tag, std::string("*")}) {
      CAPTURE(known);
      CHECK(status("GET", known) == 304);
      CHECK(status("HEAD", known) == 304);
      CHECK(status("PATCH", known) == 200);
    }
    for (const auto& other : {EntityTag("one", 1), EntityTag("another", 2), tag.substr(1), std::string()}) {
      CAPTURE(other);
      CHECK(status("GET", other) == 200);
    }
  }
}
