#pragma once

#include "Api/Http/HttpServer.h"
#include "Api/Http/ServerContext.h"

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace volcanion::api {

class Connection;

/// An accepted socket on its way to the worker that will own it; closed when it does not get there.
class AcceptedSocket {
 public:
  AcceptedSocket(int fd, const sockaddr_storage& peer) : fd_(fd), peer_(peer) {}
  AcceptedSocket(AcceptedSocket&& other) noexcept;
  AcceptedSocket& operator=(AcceptedSocket&& other) noexcept;
  ~AcceptedSocket();

  int fd() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }
  const sockaddr_storage& peer() const { return peer_; }

  SocketPlace place;
  bool refused = false;  ///< over the limit: to be told so and closed

 private:
  int fd_;
  sockaddr_storage peer_;
};

/// What other threads have for a worker. It outlives the worker for as long as a responder points to it; what is
/// posted after Close() is dropped. Thread-safe.
class Inbox {
 public:
  /// What a connection has asked for.
  struct Reply {
    enum class Kind {
      kAnswer,  ///< as it is, or as made on the worker's thread
      kAbandoned,
      kPiece,  ///< of the body of the answer that has begun: it is that of `response`
      kLastPiece,
      kBrokenOff,
    };

    std::shared_ptr<Connection> to;
    Response response;
    std::function<Response()> make;
    Kind kind = Kind::kAnswer;
  };
  enum class Order { kServe, kLeave, kDrain, kCloseAll };
  struct Mail {
    std::vector<Reply> replies;
    std::vector<AcceptedSocket> sockets;
    Order order = Order::kServe;
  };

  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  void Post(Reply reply);
  void Post(AcceptedSocket socket);
  void Post(Order order);
  /// Has the worker look at its mail, though there may be none.
  void Wake();

  /// Readable while there may be mail.
  int fd() const { return event_fd_; }
  /// Takes all mail. `mail` should be empty; its capacity is used.
  void Take(Mail& mail);
  void Close();

  /// The worker says once on its own thread that this is it.
  void ClaimThread() { owner_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
  bool OnOwnersThread() const { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

 private:
  template <typename Put>
  void PostWith(Put put);

  const int event_fd_;
  std::atomic<std::thread::id> owner_{};
  std::mutex mutex_;
  Mail mail_;            // guarded by mutex_
  bool told_ = false;    // guarded by mutex_: event_fd_ has been written since the last Take()
  bool closed_ = false;  // guarded by mutex_
};

}  // namespace volcanion::api
