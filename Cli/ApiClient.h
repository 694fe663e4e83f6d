#pragma once

#include "Cli/HttpConnection.h"
#include "Cli/JsonObject.h"
#include "Cli/Profile.h"
#include "Domain/Result.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::cli {

struct ApiAnswer {
  int status = 0;
  JsonObject body;  ///< empty where there is none
  std::string etag;
};

/// Asks the HTTP API of a server. What it refuses comes back as an error that says, for people, what was wrong where,
/// and under which correlation id the server's log has it: kNotFound, kConflict, kChangedMeanwhile, kUnauthenticated
/// and kForbidden as they are meant; kUnavailable when no answer came or it may be another one later; kMalformed for
/// what else was wrong with the request, or with the answer. Never kInvalid. For one thread.
class ApiClient {
 public:
  explicit ApiClient(const Profile& profile);

  domain::Result<ApiAnswer> Get(const std::string& target) { return Ask("GET", target); }
  domain::Result<ApiAnswer> Post(const std::string& target, const std::string& json) {
    return Ask("POST", target, json);
  }
  /// `etag` may be empty: the change is made whatever the thing is like now.
  domain::Result<ApiAnswer> Patch(const std::string& target, const std::string& json, const std::string& etag = {});
  domain::Result<ApiAnswer> Delete(const std::string& target) { return Ask("DELETE", target); }

  /// Gives the body of a good answer to `take` as it comes; false from there ends it. kUnavailable when it was cut.
  domain::Result<domain::Done> Download(const std::string& target, const std::function<bool(std::string_view)>& take);

  /// The items of a list, page by page: all of them, or the first `most`. `target` has neither limit nor cursor.
  domain::Result<std::vector<JsonObject>> List(const std::string& target, std::size_t most = kAll);

  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);

 private:
  domain::Result<ApiAnswer> Ask(const std::string& method, const std::string& target, const std::string& json = {},
                                const std::vector<std::string>& headers = {});

  const std::string url_;
  HttpConnection connection_;
};

}  // namespace volcanion::cli
