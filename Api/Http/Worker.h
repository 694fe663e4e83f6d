#pragma once

#include "Api/Http/Connection.h"
#include "Api/Http/ListeningSocket.h"

#include <pistache/peer.h>
#include <pistache/tcp.h>
#include <pistache/transport.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace volcanion::api {

/// One thread of the server: Pistache's transport on Pistache's reactor, which polls and keeps the peers. What concerns
/// the sockets of connections, the replies of other threads and the clock is taken out of its hands here, because its
/// own reading cannot be paused and its own queues can lose a wake-up.
class Worker final : public Pistache::Tcp::Transport, private ConnectionHost {
 public:
  explicit Worker(std::shared_ptr<ServerContext> context);
  ~Worker() override;

  /// Before the reactor runs: this worker accepts clients and hands them to all the `inboxes` in turn, its own too.
  void AcceptFrom(ListeningSocket& listening, std::vector<std::shared_ptr<Inbox>> inboxes);
  const std::shared_ptr<Inbox>& mail() const { return inbox; }

  /// The reactor has a clone of the worker it is given on each of its threads.
  std::shared_ptr<Pistache::Aio::Handler> clone() const override;
  void registerPoller(Pistache::Polling::Epoll& poller) override;
  void onReady(const Pistache::Aio::FdSet& ready) override;

 private:
  void Watch(int fd, bool readable, bool writable) override;
  void CloseSocket(int fd) override;
  void TakeTurns(std::shared_ptr<Connection> connection) override;

  void OnSocket(const std::shared_ptr<Connection>& connection, const Pistache::Aio::FdSet::Entry& event);
  void OnMail();
  void OnTick(Clock::time_point turn);
  void MakeRoomForAnswers();
  void OnClients();
  void Admit(AcceptedSocket socket);
  void Obey(Inbox::Order order);
  void Open(AcceptedSocket socket);
  std::shared_ptr<Connection> ConnectionOf(int fd) const;

  const std::shared_ptr<ServerContext> shared_context_;
  Pistache::Polling::Epoll* poller_ = nullptr;
  int timer_fd_ = -1;
  Inbox::Mail mail_;
  Inbox::Order order_ = Inbox::Order::kServe;
  std::vector<std::shared_ptr<Connection>> connections_;  // by descriptor
  std::vector<std::shared_ptr<Connection>> turns_;        // they have more to do when others have had their turn

  ListeningSocket* listening_ = nullptr;
  bool accepting_ = false;  // the poller watches for clients
  std::vector<std::shared_ptr<Inbox>> all_inboxes_;
  std::size_t next_inbox_ = 0;
};

}  // namespace volcanion::api
