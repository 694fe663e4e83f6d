#include "Infrastructure/Memory/MemoryCache.h"

#include <functional>
#include <iterator>

namespace volcanion::infrastructure {

MemoryCache::MemoryCache(std::size_t max_bytes, const application::Clock& clock)
    : max_shard_bytes_(max_bytes / kShards), clock_(clock) {}

void MemoryCache::Shard::Remove(std::list<Entry>::iterator entry) {
  bytes -= entry->bytes();
  by_key.erase(entry->key);
  entries.erase(entry);
}

std::optional<std::string> MemoryCache::Get(std::string_view key) {
  auto& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return std::nullopt;
  const auto entry = found->second;
  if (entry->until <= clock_.Now()) {
    shard.Remove(entry);
    return std::nullopt;
  }
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  return entry->value;
}

void MemoryCache::Put(std::string_view key, std::string_view value, std::chrono::seconds time_to_live) {
  Entry fresh{std::string(key), std::string(value), clock_.Now() + time_to_live};
  auto& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.by_key.find(key); found != shard.by_key.end()) shard.Remove(found->second);
  const auto bytes = fresh.bytes();
  if (bytes > max_shard_bytes_) return;
  while (shard.bytes + bytes > max_shard_bytes_) shard.Remove(std::prev(shard.entries.end()));
  shard.entries.push_front(std::move(fresh));
  shard.by_key.emplace(shard.entries.front().key, shard.entries.begin());
  shard.bytes += bytes;
}

std::size_t MemoryCache::bytes() const {
  std::size_t sum = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.bytes;
  }
  return sum;
}

}  // namespace volcanion::infrastructure
