#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Call.h"
#include "Api/Middleware/FailureThrottle.h"
#include "Application/Directory/DirectoryCache.h"
#include "Application/Directory/KeyUses.h"
#include "Application/Identity/IdentifyCaller.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"
#include "Application/Principal.h"

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace volcanion::api {

/// The secret of a request: X-API-Key, or Authorization: Bearer, or the user name of Authorization: Basic.
std::optional<std::string> CredentialOf(const Headers& headers);

/// Finds out on whose behalf a request comes. What the directory in
/// memory does not know is looked up in the store before it is refused, as another process may have issued it a moment
/// ago. One look-up serves all that wait for one, and they begin at least 100 ms apart, so that guessing does not
/// become load. What was mistyped is not looked up; nor is anything of an address that fails too often: it is told to
/// wait (429), but keys and tokens in memory are good from there, too. Thread-safe.
class Authentication {
 public:
  Authentication(application::DirectoryCache& directory, const application::IdentifyCaller& identify,
                 const application::Secrets& secrets, const application::Clock& clock, BlockingPool& blocking,
                 FailureThrottle& failures, application::KeyUses& uses)
      : directory_(directory),
        identify_(identify),
        secrets_(secrets),
        clock_(clock),
        blocking_(blocking),
        failures_(failures),
        uses_(uses) {}

  /// Goes on to `next` for a good API key, now or later on a thread of the pool, the body unpacked; else answers 401,
  /// or 403 for a token.
  void RequireSender(Call call, std::function<void(Call, application::Sender)> next);
  /// Goes on to `next` for a good token, with the principal in the call and the body as it came; else answers 401, or
  /// 403 for an API key. What the principal may do is for `next` to decide.
  void RequirePrincipal(Call call, std::function<void(Call)> next);
  /// Whose the token of a request is by now, by what is in memory; nothing when it is not good any more.
  std::optional<application::Principal> PrincipalOf(std::string_view token) const;

 private:
  using Identity = application::Caller;
  /// Nobody is noted as a failure of the client.
  Identity IdentifyOrNote(std::string_view credential, const Answer& client);
  void WithIdentity(Call call, std::function<void(Call, Identity)> next);

  struct Waiting {
    Call call;
    std::string credential;
    std::function<void(Call, Identity)> next;
  };
  /// On a thread of the pool: looks up, and lets all go on that waited when it began.
  void LookUp();
  bool SubmitLookUp();

  application::DirectoryCache& directory_;
  const application::IdentifyCaller& identify_;
  const application::Secrets& secrets_;
  const application::Clock& clock_;
  BlockingPool& blocking_;
  FailureThrottle& failures_;
  application::KeyUses& uses_;

  std::mutex mutex_;  // guards all below
  std::vector<Waiting> waiting_;
  bool looking_up_ = false;
  std::chrono::steady_clock::time_point began_{};  // the last look-up
};

}  // namespace volcanion::api
