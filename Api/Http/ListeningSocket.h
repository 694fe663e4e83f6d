#pragma once

#include "Api/Http/Inbox.h"

#include <cstdint>
#include <optional>
#include <string>

namespace volcanion::api {

/// The socket that clients connect to. Bound and listening once constructed; throws std::runtime_error with a message
/// for the operator when it cannot. Not thread-safe.
class ListeningSocket {
 public:
  enum class Outcome {
    kAccepted,
    kTurnedAway,  ///< out of descriptors; one client has been accepted on the reserve and closed
    kNobody,      ///< nobody is waiting
    kExhausted,   ///< out of descriptors or memory; trying again at once would fail again
  };

  /// `host` is a numeric address, `port` 0 for any free one.
  ListeningSocket(const std::string& host, std::uint16_t port);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  Outcome Accept(std::optional<AcceptedSocket>& accepted);
  /// -1 once closed.
  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }
  /// Clients are refused by the system from now on, those that waited to be accepted are reset.
  void Close();

 private:
  int fd_ = -1;
  int reserve_fd_ = -1;  // given up for a moment to tell a client to go when there is no other descriptor
  std::uint16_t port_ = 0;
};

/// The numeric form of an address, IPv4 within IPv6 as IPv4; "unknown" for other families.
std::string NumericAddress(const sockaddr_storage& address);

}  // namespace volcanion::api
