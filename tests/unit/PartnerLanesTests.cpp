#include "Api/PartnerLanes.h"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

using namespace volcanion;
using api::PartnerLanes;

namespace {

domain::PartnerId PartnerWith(const char* digits) {
  return domain::PartnerId::Parse(std::string("00000000-0000-7000-8000-0000000000") + digits).value();
}

/// Work that goes on until it is let go.
struct LanesFixture {
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::string> running, done;
  std::set<std::string> let_go;
  PartnerLanes lanes{{.threads = 3, .running_of_one = 2, .waiting_of_one = 2, .waiting = 4}};
  const domain::PartnerId one = PartnerWith("01"), other = PartnerWith("02"), third = PartnerWith("03");

  ~LanesFixture() {
    {
      const std::lock_guard lock(mutex);
      let_go.insert("all");
    }
    changed.notify_all();
    lanes.Stop();
  }

  PartnerLanes::Outcome Submit(domain::PartnerId partner, const std::string& name) {
    return lanes.Submit(partner, [this, name] {
      std::unique_lock lock(mutex);
      running.insert(name);
      changed.notify_all();
      changed.wait(lock, [&] { return let_go.contains(name) || let_go.contains("all"); });
      running.erase(name);
      done.insert(name);
      changed.notify_all();
    });
  }
  void Begin(domain::PartnerId partner, const std::string& name) {
    REQUIRE(Submit(partner, name) == PartnerLanes::Outcome::kTaken);
    WaitFor(running, name);
  }
  void WaitFor(const std::set<std::string>& names, const std::string& name) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return names.contains(name); }));
  }
  void LetGo(const std::string& name) {
    {
      const std::lock_guard lock(mutex);
      let_go.insert(name);
    }
    changed.notify_all();
    WaitFor(done, name);
  }
  bool IsRunning(const std::string& name) {
    const std::lock_guard lock(mutex);
    return running.contains(name);
  }
};

}  // namespace

TEST_SUITE("lanes of partners") {
  using enum PartnerLanes::Outcome;

  TEST_CASE_FIXTURE(LanesFixture, "a partner runs so much at once, the next waits for it, and others pass") {
    Begin(one, "a");
    Begin(one, "b");
    REQUIRE(Submit(one, "c") == kTaken);
    Begin(other, "d");  // behind c in the queue, and yet on the third thread
    CHECK_FALSE(IsRunning("c"));
    LetGo("a");
    WaitFor(running, "c");
  }

  TEST_CASE_FIXTURE(LanesFixture, "a lane that is full refuses its partner alone, until there is room") {
    Begin(one, "a");
    Begin(one, "b");
    REQUIRE(Submit(one, "c") == kTaken);
    REQUIRE(Submit(one, "d") == kTaken);
    CHECK(Submit(one, "e") == kLaneIsFull);
    Begin(other, "f");
    LetGo("a");
    WaitFor(running, "c");
    CHECK(Submit(one, "g") == kTaken);
    CHECK(Submit(one, "h") == kLaneIsFull);
  }

  TEST_CASE_FIXTURE(LanesFixture, "when all that may wait does, everybody is refused") {
    Begin(one, "a");
    Begin(one, "b");
    Begin(other, "c");
    for (const auto* name : {"d", "e"}) REQUIRE(Submit(one, name) == kTaken);
    for (const auto* name : {"f", "g"}) REQUIRE(Submit(other, name) == kTaken);
    CHECK(Submit(third, "h") == kAllAreFull);
  }

  TEST_CASE_FIXTURE(LanesFixture, "what waits is dropped when the lanes stop, and nothing is taken any more") {
    Begin(one, "a");
    Begin(one, "b");
    auto held = std::make_shared<bool>(false);
    const std::weak_ptr<bool> waits = held;
    REQUIRE(lanes.Submit(one, [held = std::move(held)] { *held = true; }) == kTaken);
    std::jthread stopping([this] { lanes.Stop(); });
    while (!waits.expired()) std::this_thread::yield();
    LetGo("a");
    LetGo("b");
    stopping.join();
    CHECK(Submit(one, "d") == kAllAreFull);
  }
}
