#include "tests/support/HttpClient.h"

#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace volcanion::test {
namespace {

bool IsSame(const std::string& name, const char* other) { return strcasecmp(name.c_str(), other) == 0; }

bool IsClosing(const RawResponse& answer) {
  const auto connection = answer.Header("Connection");
  return connection && IsSame(*connection, "close");
}

/// When there is something to read: whether it is a byte and not the server's close.
bool BeginsToAnswer(const RawClient& connection) {
  char first = 0;
  return recv(connection.fd(), &first, 1, MSG_PEEK) > 0;
}

}  // namespace

RawResponse HttpClient::Send(std::string_view method, std::string_view path, std::string_view body,
                             const Headers& headers) {
  std::string request;
  request.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
  const bool has_type = std::any_of(headers.begin(), headers.end(),
                                    [](const auto& header) { return IsSame(header.first, "Content-Type"); });
  if (method != "GET" && method != "HEAD") {
    if (!has_type) request.append("Content-Type: application/json\r\n");
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  for (const auto& [name, value] : headers) request.append(name).append(": ").append(value).append("\r\n");
  request.append("\r\n").append(body);

  // Between requests the server has nothing to say: whatever can be read is its close.
  if (connection_ && connection_->CanReadWithin(std::chrono::milliseconds(0))) connection_.reset();
  answer_has_begun_ = false;
  if (!connection_) connection_.emplace(port_, options_);
  try {
    connection_->Send(request);
    if (!connection_->CanReadWithin(options_.timeout)) throw std::runtime_error("answer: timed out");
    answer_has_begun_ = BeginsToAnswer(*connection_);
    auto answer = connection_->ReadResponse(method == "HEAD");
    if (IsClosing(answer)) connection_.reset();
    if (const auto observe = observer_.load()) observe({method, path}, answer);
    return answer;
  } catch (...) {
    connection_.reset();
    throw;
  }
}

}  // namespace volcanion::test
