#pragma once

#include "Domain/PartnerSystem.h"
#include "Domain/Uuid.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <unordered_map>

namespace volcanion::api {

/// A token bucket (https://en.wikipedia.org/wiki/Token_bucket) for each API key, in this process: with several API
/// processes each lets a key send at its rate. Thread-safe.
class RateLimiter {
 public:
  struct Decision {
    bool allowed = true;
    int remaining = 0;                    ///< events that may be sent at once after this
    std::chrono::seconds reset{0};        ///< until the bucket is full again
    std::chrono::seconds retry_after{0};  ///< when refused: until the same would be allowed
  };

  /// Takes `events` out of the key's bucket. What is larger than the bucket is allowed when the bucket is full, and
  /// paid for afterwards: no batch is refused for ever.
  Decision Take(domain::ApiKeyId key, const domain::RateLimit& limit, std::size_t events,
                std::chrono::steady_clock::time_point now);
  /// Puts back what Take() has allowed for events that could not be stored.
  void GiveBack(domain::ApiKeyId key, std::size_t events);

 private:
  struct Bucket {
    double tokens;
    std::chrono::steady_clock::time_point filled;
  };
  /// Keys are spread, so that two rarely wait for each other.
  struct Shard {
    std::mutex mutex;
    std::unordered_map<domain::ApiKeyId, Bucket> buckets;  // of limited keys: as many as an administrator made
  };
  Shard& ShardOf(domain::ApiKeyId key) { return shards_[std::hash<domain::ApiKeyId>()(key) % shards_.size()]; }

  std::array<Shard, 16> shards_;
};

}  // namespace volcanion::api
