#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace volcanion::bench {

/// An HTTP connection to this machine with one request at a time, watched by an epoll under a number of its own. Throws
/// std::runtime_error for whatever a benchmark cannot go on with.
class Connection {
 public:
  Connection(std::uint16_t port, int epoll, std::uint64_t number)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), epoll_(epoll), number_(number) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Watch(EPOLL_CTL_ADD, EPOLLIN);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool busy() const { return busy_; }

  void Send(const std::string& request) {
    out_ = request;
    sent_ = 0;
    busy_ = true;
    Push();
  }

  /// When the socket has something for it. The answer when it is complete, good until the next call; else nothing.
  std::string_view OnSocket() {
    if (answered_) in_.clear();
    answered_ = false;
    if (sent_ < out_.size()) Push();
    for (;;) {
      const auto received = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (received < 0 && errno == EAGAIN) break;
      if (received <= 0) throw std::runtime_error("the server closed a connection");
      in_.append(buffer_.data(), static_cast<std::size_t>(received));
      if (static_cast<std::size_t>(received) < buffer_.size()) break;
    }
    if (!busy_ || !IsComplete(in_)) return {};
    busy_ = false;
    answered_ = true;
    return in_;
  }

 private:
  void Push() {
    while (sent_ < out_.size()) {
      const auto sent = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno != EAGAIN) throw std::runtime_error(std::string("cannot send: ") + std::strerror(errno));
        if (!waits_to_send_) Watch(EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        waits_to_send_ = true;
        return;
      }
      sent_ += static_cast<std::size_t>(sent);
    }
    if (waits_to_send_) Watch(EPOLL_CTL_MOD, EPOLLIN);
    waits_to_send_ = false;
  }

  void Watch(int operation, std::uint32_t interest) {
    epoll_event event{};
    event.events = interest;
    event.data.u64 = number_;
    if (::epoll_ctl(epoll_, operation, fd_, &event) != 0) {
      throw std::runtime_error(std::string("epoll_ctl: ") + std::strerror(errno));
    }
  }

  static bool IsComplete(std::string_view in) {
    const auto head = in.find("\r\n\r\n");
    if (head == std::string_view::npos) return false;
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = in.find(kLength);
    if (at > head) throw std::runtime_error("an answer without Content-Length");
    return in.size() >= head + 4 + std::strtoull(in.data() + at + kLength.size(), nullptr, 10);
  }

  const int fd_;
  const int epoll_;
  const std::uint64_t number_;
  std::string out_, in_;
  std::size_t sent_ = 0;
  bool busy_ = false;
  bool answered_ = false;
  bool waits_to_send_ = false;
  std::array<char, 65536> buffer_{};
};

/// The number in a member such as "position":"4711" of an answer.
inline std::uint64_t PositionIn(std::string_view answer) {
  constexpr std::string_view kPosition = R"("position":")";
  const auto at = answer.rfind(kPosition);
  if (at == std::string_view::npos) throw std::runtime_error("an answer without a position");
  return std::strtoull(answer.data() + at + kPosition.size(), nullptr, 10);
}

}  // namespace volcanion::bench
