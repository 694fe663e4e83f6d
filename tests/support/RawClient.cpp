#include "tests/support/RawClient.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace volcanion::test {

namespace {

[[noreturn]] void ThrowErrno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

bool PollFor(int fd, short events, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd watched{fd, events, 0};
    const int ready = ::poll(&watched, 1, std::max(0, static_cast<int>(left.count())));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) ThrowErrno("poll");
  }
}

}  // namespace

std::optional<std::string> RawResponse::Header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (field.size() == name.size() && ::strncasecmp(field.data(), name.data(), name.size()) == 0) return value;
  return std::nullopt;
}

RawClient::RawClient(std::uint16_t port, const Options& options) : timeout_(options.timeout) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) ThrowErrno("socket");
  if (options.receive_buffer > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(options.receive_buffer));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  try {
    if (!options.from.empty()) {
      ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
      ::inet_pton(AF_INET, options.from.c_str(), &address.sin_addr);
      if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) ThrowErrno("bind");
    }
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      if (errno != EINPROGRESS) ThrowErrno("connect");
      WaitFor(POLLOUT, timeout_, "connect");
      int error = 0;
      socklen_t size = sizeof(error);
      ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) throw std::system_error(error, std::generic_category(), "connect");
    }
  } catch (...) {
    Close();
    throw;
  }
}

RawClient::~RawClient() { Close(); }

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), timeout_(other.timeout_), unread_(std::move(other.unread_)) {}

RawClient& RawClient::operator=(RawClient&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    timeout_ = other.timeout_;
    unread_ = std::move(other.unread_);
  }
  return *this;
}

void RawClient::Send(std::string_view bytes) {
  if (SendWhatFits(bytes, timeout_) != bytes.size()) throw std::runtime_error("send: timed out");
}

std::size_t RawClient::SendWhatFits(std::string_view bytes, std::chrono::milliseconds patience) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t taken = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (taken > 0)
      sent += static_cast<std::size_t>(taken);
    else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!PollFor(fd_, POLLOUT, patience)) break;
    } else if (errno != EINTR) {
      ThrowErrno("send");
    }
  }
  return sent;
}

void RawClient::FinishSending() { ::shutdown(fd_, SHUT_WR); }

RawResponse RawClient::ReadResponse(bool head) {
  const auto more = [this] {
    const auto bytes = ReadSome(64 * 1024);
    if (bytes.empty()) throw std::runtime_error("the server closed within a response: \"" + unread_ + "\"");
    unread_ += bytes;
  };
  std::size_t end;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) more();

  RawResponse response;
  std::string_view text(unread_.data(), end + 2);
  const auto line_end = text.find("\r\n");
  const auto status_line = text.substr(0, line_end);
  if (!status_line.starts_with("HTTP/1.1 ") || status_line.size() < 13)
    throw std::runtime_error("not a status line: \"" + std::string(status_line) + "\"");
  response.status = std::stoi(std::string(status_line.substr(9, 3)));
  response.reason = status_line.substr(13);
  text.remove_prefix(line_end + 2);
  while (!text.empty()) {
    const auto field_end = text.find("\r\n");
    const auto field = text.substr(0, field_end);
    const auto colon = field.find(": ");
    if (colon == std::string_view::npos) throw std::runtime_error("not a header: \"" + std::string(field) + "\"");
    response.headers.emplace_back(field.substr(0, colon), field.substr(colon + 2));
    text.remove_prefix(field_end + 2);
  }
  unread_.erase(0, end + 4);
  const bool bodiless = head || response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless && response.Header("Transfer-Encoding") == "chunked") {
    response.body = TakeChunks(more);
    return response;
  }
  const std::size_t length = bodiless ? 0 : std::stoul(response.Header("Content-Length").value_or("0"));
  while (unread_.size() < length) more();
  response.body = unread_.substr(0, length);
  unread_.erase(0, length);
  return response;
}

std::string RawClient::TakeChunks(const std::function<void()>& more) {
  const auto take = [&](std::size_t bytes) {
    while (unread_.size() < bytes) more();
    auto taken = unread_.substr(0, bytes);
    unread_.erase(0, bytes);
    return taken;
  };
  std::string body;
  while (true) {
    std::size_t end;
    while ((end = unread_.find("\r\n")) == std::string::npos) more();
    const auto size = std::stoul(take(end + 2), nullptr, 16);
    body += take(size);
    if (take(2) != "\r\n") throw std::runtime_error("no line break behind a chunk");
    if (size == 0) return body;
  }
}

std::string RawClient::ReadSome(std::size_t most) {
  std::string bytes(most, '\0');
  for (;;) {
    WaitFor(POLLIN, timeout_, "read");
    const ssize_t received = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (received < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      ThrowErrno("read");
    }
    bytes.resize(static_cast<std::size_t>(received));
    return bytes;
  }
}

std::string RawClient::ReadUntilClose() {
  std::string all = std::exchange(unread_, {});
  for (;;) {
    const auto bytes = ReadSome(64 * 1024);
    if (bytes.empty()) return all;
    all += bytes;
  }
}

bool RawClient::IsClosedByServer() { return unread_.empty() && ReadSome(1).empty(); }

bool RawClient::CanReadWithin(std::chrono::milliseconds patience) {
  return !unread_.empty() || PollFor(fd_, POLLIN, patience);
}

void RawClient::Close(bool reset) {
  if (fd_ < 0) return;
  if (reset) {
    const linger abort{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
  }
  ::close(std::exchange(fd_, -1));
}

void RawClient::WaitFor(short events, std::chrono::milliseconds patience, const char* what) const {
  if (!PollFor(fd_, events, patience)) throw std::runtime_error(std::string(what) + ": timed out");
}

RawResponse Exchange(std::uint16_t port, std::string_view request) {
  RawClient client(port);
  client.Send(request);
  return client.ReadResponse();
}

}  // namespace volcanion::test
