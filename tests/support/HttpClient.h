#pragma once

#include "tests/support/RawClient.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::test {

/// A blocking HTTP/1.1 client that keeps its connection, for one thread. It connects with the first request, and anew
/// after the server has closed or a request has failed. It never sends a request twice: what fails throws
/// std::runtime_error, and whether the server has acted on it is not known.
class HttpClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit HttpClient(std::uint16_t port) : HttpClient(port, RawClient::Options()) {}
  HttpClient(std::uint16_t port, RawClient::Options options) : port_(port), options_(std::move(options)) {}

  RawResponse Get(std::string_view path, const Headers& headers = {}) { return Send("GET", path, {}, headers); }
  /// As application/json, unless the headers say otherwise.
  RawResponse Post(std::string_view path, std::string_view body, const Headers& headers = {}) {
    return Send("POST", path, body, headers);
  }
  RawResponse Send(std::string_view method, std::string_view path, std::string_view body, const Headers& headers);

  /// Hears of every answer to a request of any client, in the thread that asked; for one program as a whole.
  struct Asked {
    std::string_view method;
    std::string_view path;  ///< with the query
  };
  using Observer = void (*)(const Asked&, const RawResponse&);
  static void ObserveAll(Observer observer) { observer_ = observer; }

  /// Whether at least one byte has come in answer to the last request. When that one has failed: half an answer.
  bool answer_has_begun() const { return answer_has_begun_; }

 private:
  std::uint16_t port_;
  RawClient::Options options_;
  std::optional<RawClient> connection_;
  bool answer_has_begun_ = false;
  static inline std::atomic<Observer> observer_ = nullptr;
};

}  // namespace volcanion::test
