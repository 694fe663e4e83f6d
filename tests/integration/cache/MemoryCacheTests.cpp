#include "Infrastructure/Memory/MemoryCache.h"
#include "Infrastructure/Telemetry/SystemClock.h"
#include "tests/integration/cache/CacheContract.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;
using namespace volcanion::infrastructure;

namespace {

/// A clock that a test turns.
struct TurnedClock final : application::Clock {
  domain::Timestamp now = domain::ParseRfc3339("2026-11-20T10:00:00Z").value();
  domain::Timestamp Now() const override { return now; }
};

constexpr std::chrono::seconds kLong{600};

}  // namespace

TEST_SUITE("MemoryCache") {
  TEST_CASE("it keeps to the contract of caches") {
    const SystemClock clock;
    MemoryCache cache(64 * 1024 * 1024, clock);
    test::CheckCacheContract(cache);
  }

  TEST_CASE("an entry is there until its time is over") {
    TurnedClock clock;
    MemoryCache cache(1024 * 1024, clock);
    cache.Put("key", "value", std::chrono::seconds(10));
    clock.now += std::chrono::microseconds(9'999'999);
    CHECK(cache.Get("key") == "value");
    clock.now += std::chrono::microseconds(1);
    CHECK_FALSE(cache.Get("key"));
    CHECK(cache.bytes() == 0);
  }

  TEST_CASE("it never holds more than its bytes, and keeps what was asked for last") {
    const SystemClock clock;
    constexpr std::size_t kBytes = 64 * 1024;
    MemoryCache cache(kBytes, clock);
    cache.Put("often", "asked for", kLong);
    for (int i = 0; i < 2'000; ++i) {
      cache.Put("key " + std::to_string(i), std::string(static_cast<std::size_t>(i % 500), 'x'), kLong);
      CHECK(cache.bytes() <= kBytes);
      CHECK(cache.Get("often") == "asked for");
    }
    CHECK(cache.bytes() > kBytes / 2);
    CHECK(cache.Get("key 1999").has_value());
    CHECK_FALSE(cache.Get("key 0"));
  }

  TEST_CASE("what is too large is not kept, and pushes nothing out") {
    const SystemClock clock;
    MemoryCache cache(64 * 1024, clock);
    cache.Put("key", "value", kLong);
    cache.Put("large", std::string(100'000, 'x'), kLong);
    CHECK_FALSE(cache.Get("large"));
    CHECK(cache.Get("key") == "value");
    cache.Put("key", std::string(100'000, 'x'), kLong);
    CHECK_FALSE(cache.Get("key"));  // the old value would be wrong
  }

  TEST_CASE("one without room keeps nothing") {
    const SystemClock clock;
    MemoryCache cache(0, clock);
    cache.Put("key", "value", kLong);
    CHECK_FALSE(cache.Get("key"));
  }
}
