#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::cli {

struct HttpAnswer {
  long status = 0;  ///< 0: none came
  std::string body;
  std::string failure;  ///< why none came, or not all of it
  std::optional<std::chrono::milliseconds> retry_after;
  std::string correlation_id, etag;  ///< empty where the answer has none
};

/// One kept-alive connection to a server. Redirections are not followed: the secret in a header is for one server
/// alone. For one thread.
class HttpConnection {
 public:
  /// `url` is http://HOST[:PORT][/PATH] or the same with https; the headers, as in "Name: value", go with every
  /// request. Throws std::runtime_error when libcurl cannot be used.
  HttpConnection(std::string url, std::vector<std::string> headers);
  ~HttpConnection();

  /// `target` is a path with its query. Gives up after a minute.
  HttpAnswer Send(const std::string& method, const std::string& target, const std::string& body = {},
                  const std::vector<std::string>& more_headers = {});

  /// A GET whose body, when the status is 200, goes to `take` as it comes; false from there ends it. Takes as long as
  /// something comes every few minutes.
  HttpAnswer Receive(const std::string& target, const std::function<bool(std::string_view)>& take);

 private:
  struct Curl;
  const std::string url_;
  const std::vector<std::string> headers_;
  const std::unique_ptr<Curl> curl_;
};

}  // namespace volcanion::cli
