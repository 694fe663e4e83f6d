#pragma once

#include "Application/Ports/Cache.h"
#include "Application/Ports/Clock.h"
#include "Domain/Timestamp.h"

#include <array>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace volcanion::infrastructure {

/// A cache in this process: parts with a lock of their own, each of which forgets what was not asked for longest when
/// it has no more room.
class MemoryCache final : public application::Cache {
 public:
  /// `max_bytes` of keys and values, and what it takes to keep them.
  MemoryCache(std::size_t max_bytes, const application::Clock& clock);

  std::optional<std::string> Get(std::string_view key) override;
  void Put(std::string_view key, std::string_view value, std::chrono::seconds time_to_live) override;

  std::size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    std::string value;
    domain::Timestamp until;

    std::size_t bytes() const { return 2 * key.size() + value.size() + kOverhead; }
  };
  struct Shard {
    mutable std::mutex mutex;  // guards the others
    std::list<Entry> entries;  // the one that was asked for last comes first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;  // views of the entries' keys
    std::size_t bytes = 0;

    void Remove(std::list<Entry>::iterator entry);
  };
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kOverhead = 200;  // nodes and pointers, about

  Shard& ShardOf(std::string_view key) { return shards_[std::hash<std::string_view>()(key) % kShards]; }

  const std::size_t max_shard_bytes_;
  const application::Clock& clock_;
  std::array<Shard, kShards> shards_;
};

}  // namespace volcanion::infrastructure
