#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Call.h"
#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace volcanion::api {

/// The secret of a request: X-API-Key, or Authorization: Bearer, or the user name of Authorization: Basic.
std::optional<std::string> CredentialOf(const Headers& headers);

/// Finds out on whose behalf a request comes. What the directory in memory does not know is looked up in the store
/// before it is refused, as another process may have issued it a moment ago: not more often than every 100 ms, so that
/// guessing does not become load. Thread-safe.
class Authentication {
 public:
  Authentication(application::DirectoryCache& directory, const application::Secrets& secrets,
                 const application::Clock& clock, BlockingPool& blocking)
      : directory_(directory), secrets_(secrets), clock_(clock), blocking_(blocking) {}

  /// Goes on to `next` for a good API key, now or later on a thread of the pool; else answers 401, or 403 for an
  /// administrator's token.
  void RequireSender(Call call, std::function<void(Call, application::Sender)> next);
  /// Goes on to `next` for an administrator's token; else answers 401, or 403 for an API key.
  void RequireAdmin(Call call, std::function<void(Call)> next);

 private:
  enum class Who { kNobody, kSender, kAdmin };
  struct Identity {
    Who who = Who::kNobody;
    application::Sender sender = {};
  };
  Identity Identify(const domain::SecretHash& hash) const;
  void WithIdentity(Call call, std::function<void(Call, Identity)> next);
  bool MayLookUpNow();

  application::DirectoryCache& directory_;
  const application::Secrets& secrets_;
  const application::Clock& clock_;
  BlockingPool& blocking_;
  std::atomic<std::chrono::steady_clock::time_point> looked_up_{};
};

}  // namespace volcanion::api
