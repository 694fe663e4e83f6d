#pragma once

#include "Application/Ports/Cache.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/Metrics.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;

namespace volcanion::infrastructure {

/// Where a Redis is: `redis://[:PASSWORD@]HOST[:PORT][/DATABASE]`, or `unix:PATH`.
struct RedisAddress {
  std::string host;  ///< empty for a Unix socket
  std::uint16_t port = 6379;
  std::string socket_path;  ///< of a Unix socket
  std::string password;
  int database = 0;

  static std::optional<RedisAddress> Parse(std::string_view url);
};

/// A cache in a Redis, which several processes share.
///
/// What Redis does not answer within `patience`, connecting included, counts as lost. After `max_failures` one after
/// the other the breaker is open: for `pause` nothing is asked of Redis, so that it costs each request nothing; then
/// one request tries again. A single failure opens nothing: a thread that had to wait for a processor is no broken
/// Redis. Values carry a check sum: what is not as it was put is not there.
class RedisCache final : public application::Cache {
 public:
  struct Settings {
    RedisAddress address;
    std::chrono::milliseconds patience{15};  ///< a question asks three times at most
    int max_failures = 3;
    std::chrono::milliseconds pause{1'000};
    std::size_t max_idle = 16;  ///< connections that are kept
  };

  RedisCache(Settings settings, application::Metrics& metrics, application::Log& log);
  ~RedisCache() override;

  std::optional<std::string> Get(std::string_view key) override;
  void Put(std::string_view key, std::string_view value, std::chrono::seconds time_to_live) override;

 private:
  struct Closing {
    void operator()(redisContext* context) const;
  };
  using Connection = std::unique_ptr<redisContext, Closing>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// Whether Redis may be asked now: not while the breaker is open, but for one that tries.
  bool MayAsk();
  /// Null when it cannot be reached in time.
  Connection Lease(SteadyTime deadline);
  void GiveBack(Connection connection);
  void NoteFailure(std::string_view reason);
  void NoteSuccess();

  const Settings settings_;
  application::Metrics& metrics_;
  application::Log& log_;

  std::mutex mutex_;  // guards those below
  std::vector<Connection> idle_;
  int failures_ = 0;      // since it was of use
  bool is_open_ = false;  // the breaker
  SteadyTime next_try_{};
};

}  // namespace volcanion::infrastructure
