#pragma once

#include "Application/Ports/ApiKeyStore.h"
#include "Application/Ports/Log.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace volcanion::application {

/// When keys were last used: kept in memory, and written down together, by a thread of its own, every `interval` and at
/// the end. No request waits for it, and one statement is written for all keys that were used meanwhile. What a process
/// that is killed has not written yet is lost. Thread-safe.
class KeyUses {
 public:
  KeyUses(ApiKeyStore& store, Log& log, std::chrono::milliseconds interval);
  /// Writes down what is left, once.
  ~KeyUses();

  void Note(domain::ApiKeyId key, domain::Timestamp now);

 private:
  /// Keys are spread, so that two rarely wait for each other.
  struct Shard {
    std::mutex mutex;
    std::unordered_map<domain::ApiKeyId, domain::Timestamp> uses;  // of good keys: as many as were issued
  };
  std::vector<KeyUse> Take();
  void WriteDown();

  ApiKeyStore& store_;
  Log& log_;
  std::array<Shard, 16> shards_;
  bool failing_ = false;  // of the writer alone

  std::jthread writer_;  // last: stops before the rest goes
};

}  // namespace volcanion::application
