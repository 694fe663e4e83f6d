#include "Api/Middleware/RateLimiter.h"

#include <algorithm>
#include <cmath>

namespace volcanion::api {
namespace {

std::chrono::seconds RoundedUp(double seconds) {
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(std::max(0.0, seconds))));
}

}  // namespace

RateLimiter::Decision RateLimiter::Take(domain::ApiKeyId key, const domain::RateLimit& limit, std::size_t events,
                                        std::chrono::steady_clock::time_point now) {
  const double capacity = limit.burst, rate = limit.events_per_second;
  auto& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  auto& bucket = shard.buckets.try_emplace(key, Bucket{capacity, now}).first->second;
  bucket.tokens = std::min(capacity, bucket.tokens + rate * std::chrono::duration<double>(now - bucket.filled).count());
  bucket.filled = now;

  const double wanted = std::min(static_cast<double>(events), capacity);
  Decision decision;
  decision.allowed = bucket.tokens >= wanted;
  if (decision.allowed) {
    bucket.tokens -= static_cast<double>(events);
  } else {
    decision.retry_after = std::max(std::chrono::seconds(1), RoundedUp((wanted - bucket.tokens) / rate));
  }
  decision.remaining = static_cast<int>(std::max(0.0, bucket.tokens));
  decision.reset = RoundedUp((capacity - bucket.tokens) / rate);
  return decision;
}

void RateLimiter::GiveBack(domain::ApiKeyId key, std::size_t events) {
  auto& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.buckets.find(key);
  if (found != shard.buckets.end()) found->second.tokens += static_cast<double>(events);  // Take() caps it
}

}  // namespace volcanion::api
