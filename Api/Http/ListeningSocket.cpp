#include "Api/Http/ListeningSocket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace volcanion::api {

namespace {

constexpr int kBacklog = 4096;  // the system caps it at net.core.somaxconn
// Bytes of an answer that the system takes although the client's window has no room for them yet. Without a limit it
// takes megabytes, and a thousand clients that read slowly use up the memory of all TCP on the machine.
constexpr int kMaxUnsent = 128 * 1024;

int OpenReserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> Resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
    throw std::runtime_error("cannot listen on \"" + host + "\": not a numeric address");
  return {found, &::freeaddrinfo};
}

std::uint16_t BoundPort(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

}  // namespace

ListeningSocket::ListeningSocket(const std::string& host, std::uint16_t port) {
  const auto address = Resolve(host, port);
  fd_ = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  // Accepted sockets inherit TCP_NODELAY and TCP_NOTSENT_LOWAT.
  if (fd_ < 0 || ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
      ::setsockopt(fd_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsent, sizeof(kMaxUnsent)) != 0 ||
      ::bind(fd_, address->ai_addr, address->ai_addrlen) != 0 || ::listen(fd_, kBacklog) != 0) {
    const std::string reason = std::strerror(errno);
    Close();
    throw std::runtime_error("cannot listen on " + host + " port " + std::to_string(port) + ": " + reason);
  }
  port_ = BoundPort(fd_);
  reserve_fd_ = OpenReserve();
}

ListeningSocket::~ListeningSocket() { Close(); }

ListeningSocket::Outcome ListeningSocket::Accept(std::optional<AcceptedSocket>& accepted) {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accepted.emplace(fd, peer);
      return Outcome::kAccepted;
    }
    switch (errno) {
      case EAGAIN:
        return Outcome::kNobody;
      case ENOBUFS:
      case ENOMEM:
      case EINVAL:
      case EBADF:
        return Outcome::kExhausted;
      case EMFILE:
      case ENFILE: {
        if (reserve_fd_ < 0) {
          reserve_fd_ = OpenReserve();
          return Outcome::kExhausted;
        }
        ::close(std::exchange(reserve_fd_, -1));
        const int unlucky = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        const bool nobody = unlucky < 0 && errno == EAGAIN;
        if (unlucky >= 0) ::close(unlucky);
        reserve_fd_ = OpenReserve();
        if (unlucky >= 0) return Outcome::kTurnedAway;
        return nobody ? Outcome::kNobody : Outcome::kExhausted;
      }
      default:
        continue;  // that client has gone again, or its network has; the next one
    }
  }
}

void ListeningSocket::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  if (reserve_fd_ >= 0) ::close(std::exchange(reserve_fd_, -1));
}

std::string NumericAddress(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* number = nullptr;
  if (address.ss_family == AF_INET)
    number = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  else if (address.ss_family == AF_INET6)
    number = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (number == nullptr || ::inet_ntop(address.ss_family, number, text.data(), text.size()) == nullptr)
    return "unknown";
  constexpr std::string_view kMapped = "::ffff:";
  std::string_view numeric = text.data();
  if (numeric.starts_with(kMapped) && numeric.find('.') != std::string_view::npos)
    numeric.remove_prefix(kMapped.size());
  return std::string(numeric);
}

}  // namespace volcanion::api
