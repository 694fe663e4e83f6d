#pragma once

#include "Application/Ports/Cache.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace volcanion::test {

/// What every cache keeps to. `cache` has room for what is put here.
inline void CheckCacheContract(application::Cache& cache) {
  using namespace std::string_literals;
  constexpr std::chrono::seconds kLong{600};

  // What was not put is not there; what was put comes back, byte by byte.
  CHECK_FALSE(cache.Get("nobody put it"));
  const std::vector<std::string> values = {"", "text", "\0\r\n\xff $5\r\n"s, std::string(300'000, 'x')};
  for (std::size_t i = 0; i < values.size(); ++i) {
    cache.Put("key " + std::to_string(i), values[i], kLong);
    CHECK(cache.Get("key " + std::to_string(i)) == values[i]);
  }

  // The newest counts.
  cache.Put("key 1", "newer", kLong);
  CHECK(cache.Get("key 1") == "newer");

  // Keys are bytes, too, and none is taken for another.
  const std::vector<std::string> keys = {"a", "a\0b"s, "a b", "a\r\nb", "A", std::string(8'000, 'k')};
  for (const auto& key : keys) cache.Put(key, "of " + key, kLong);
  for (const auto& key : keys) CHECK(cache.Get(key) == "of " + key);

  // No time to live is none.
  cache.Put("gone", "value", std::chrono::seconds(0));
  CHECK_FALSE(cache.Get("gone"));

  // Threads read what some thread put, and nothing else.
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&cache, &wrong, thread] {
      for (int i = 0; i < 200; ++i) {
        const auto key = "shared " + std::to_string(i % 10);
        cache.Put(key, key + " by " + std::to_string(thread), kLong);
        const auto found = cache.Get(key);
        if (found && !found->starts_with(key + " by ")) ++wrong;
      }
    });
  }
  threads.clear();
  CHECK(wrong == 0);
}

}  // namespace volcanion::test
