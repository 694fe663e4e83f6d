#include "Api/Http/Worker.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace volcanion::api {

namespace {

using Pistache::Flags;
using Pistache::Polling::Mode;
using Pistache::Polling::NotifyOn;
using Pistache::Polling::Tag;
using std::chrono::milliseconds;

constexpr milliseconds kLongestTick{200};
constexpr milliseconds kShortestTick{5};
constexpr int kClientsAtOnce = 64;           // accepted before connections get their turn again
constexpr std::size_t kRefusedAtOnce = 128;  // over the limit and told so; further ones are just closed

// Never asked for anything: the worker itself reads.
class SilentHandler final : public Pistache::Tcp::Handler {
 public:
  SilentHandler() = default;
  SilentHandler(const SilentHandler&) : Pistache::Tcp::Handler() {}
  std::shared_ptr<Pistache::Tcp::Handler> clone() const override { return std::make_shared<SilentHandler>(); }
  void onInput(const char*, std::size_t, const std::shared_ptr<Pistache::Tcp::Peer>&) override {}
};

Deadlines DeadlinesOf(const HttpServerSettings& settings) {
  std::array<milliseconds, kWaits> patience{};
  const auto set = [&patience](Wait wait, milliseconds time) {
    patience[static_cast<std::size_t>(wait)] = std::max(time, milliseconds(1));
  };
  set(Wait::kFirstByte, settings.header_timeout);
  set(Wait::kRequest, settings.idle_timeout);
  set(Wait::kHeaders, settings.header_timeout);
  set(Wait::kBody, settings.body_timeout);
  set(Wait::kReader, settings.write_timeout);
  set(Wait::kLastCall, settings.last_call);
  set(Wait::kLastBody, settings.last_body);
  set(Wait::kGoodbye, settings.goodbye);
  return Deadlines(patience);
}

int NewTicker(const HttpServerSettings& settings) {
  const auto shortest =
      std::min({settings.idle_timeout, settings.header_timeout, settings.body_timeout, settings.write_timeout});
  const auto tick = std::clamp(milliseconds(shortest / 4), kShortestTick, kLongestTick);
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  itimerspec every{};
  every.it_interval.tv_nsec = std::chrono::nanoseconds(tick).count();
  every.it_value = every.it_interval;
  if (fd < 0 || ::timerfd_settime(fd, 0, &every, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a timer descriptor");
  return fd;
}

Tag TagOf(int fd) { return Tag(static_cast<std::uint64_t>(fd)); }
int FdOf(Tag tag) { return static_cast<int>(tag.value()); }

}  // namespace

Worker::Worker(std::shared_ptr<ServerContext> shared_context)
    : Pistache::Tcp::Transport(std::make_shared<SilentHandler>()),
      ConnectionHost(*shared_context, std::make_shared<Inbox>(), DeadlinesOf(shared_context->settings)),
      shared_context_(std::move(shared_context)) {}

Worker::~Worker() {
  inbox->Close();
  for (std::size_t fd = 0; fd < connections_.size(); ++fd)
    if (connections_[fd]) ::close(static_cast<int>(fd));
  if (timer_fd_ >= 0) ::close(timer_fd_);
}

std::shared_ptr<Pistache::Aio::Handler> Worker::clone() const { return std::make_shared<Worker>(shared_context_); }

void Worker::registerPoller(Pistache::Polling::Epoll& poller) {
  Pistache::Tcp::Transport::registerPoller(poller);
  poller_ = &poller;
  timer_fd_ = NewTicker(server.settings);
  // By level, all of them: what one turn leaves is reported again in the next.
  poller.addFd(timer_fd_, Flags<NotifyOn>(NotifyOn::Read), TagOf(timer_fd_), Mode::Level);
  poller.addFd(inbox->fd(), Flags<NotifyOn>(NotifyOn::Read), TagOf(inbox->fd()), Mode::Level);
}

void Worker::AcceptFrom(ListeningSocket& listening, std::vector<std::shared_ptr<Inbox>> inboxes) {
  listening_ = &listening;
  all_inboxes_ = std::move(inboxes);
  poller_->addFd(listening.fd(), Flags<NotifyOn>(NotifyOn::Read), TagOf(listening.fd()), Mode::Level);
  accepting_ = true;
}

// Sockets are opened only after every event of the turn has been seen: a descriptor that is closed in this turn and
// given out again must not get the events of its predecessor.
void Worker::onReady(const Pistache::Aio::FdSet& ready) {
  const auto turn = now = Clock::now();
  inbox->ClaimThread();
  bool mail = false;
  bool tick = false;
  bool clients = false;
  std::vector<Pistache::Polling::Event> pistaches;
  for (const auto& event : ready) {
    const int fd = FdOf(event.getTag());
    if (const auto connection = ConnectionOf(fd)) {
      OnSocket(connection, event);
    } else if (fd == inbox->fd()) {
      mail = true;
    } else if (fd == timer_fd_) {
      tick = true;
    } else if (listening_ != nullptr && fd == listening_->fd()) {
      clients = true;
    } else if (event.isReadable()) {
      pistaches.emplace_back(event.getTag()).flags.setFlag(NotifyOn::Read);
    }
  }
  // An exception that left this function would end the process.
  try {
    if (!pistaches.empty()) Pistache::Tcp::Transport::onReady(Pistache::Aio::FdSet(std::move(pistaches)));
    if (mail) OnMail();
    MakeRoomForAnswers();
    if (tick) OnTick(turn);
    if (clients) OnClients();
  } catch (...) {
    // Out of memory: what was not done is still pending, and reported again.
  }
}

void Worker::OnSocket(const std::shared_ptr<Connection>& connection, const Pistache::Aio::FdSet::Entry& event) {
  try {
    if (event.isReadable()) connection->OnReadable();
    if (event.isWritable()) connection->OnWritable();
    if (!event.isReadable() && !event.isWritable()) connection->OnHangup();
  } catch (...) {
    connection->Close();
  }
}

void Worker::OnMail() {
  inbox->Take(mail_);
  for (auto& reply : mail_.replies) {
    const auto connection = std::move(reply.to);
    try {
      connection->OnReply(std::move(reply));
    } catch (...) {
      connection->Close();
    }
  }
  mail_.replies.clear();
  for (auto& socket : mail_.sockets) Open(std::move(socket));
  mail_.sockets.clear();
  if (mail_.order != order_) Obey(mail_.order);
  auto waiting = std::move(turns_);
  turns_.clear();
  for (const auto& connection : waiting) {
    try {
      connection->OnTurn();
    } catch (...) {
      connection->Close();
    }
  }
}

// What had come when the turn began has been read in it, so a client is judged as of then: not by the time that others'
// requests have taken since.
void Worker::OnTick(Clock::time_point turn) {
  std::uint64_t ignored;
  [[maybe_unused]] const auto bytes = ::read(timer_fd_, &ignored, sizeof(ignored));
  deadlines.Sweep(turn, [](Connection& late, Wait wait) {
    const auto connection = late.shared_from_this();
    try {
      connection->OnTimeout(wait);
    } catch (...) {
      connection->Close();
    }
  });
  if (listening_ != nullptr && !accepting_ && listening_->fd() >= 0) {
    accepting_ = true;
    poller_->rearmFd(listening_->fd(), Flags<NotifyOn>(NotifyOn::Read), TagOf(listening_->fd()), Mode::Level);
  }
}

void Worker::OnClients() {
  for (int i = 0; i < kClientsAtOnce && listening_->fd() >= 0; ++i) {
    std::optional<AcceptedSocket> accepted;
    switch (listening_->Accept(accepted)) {
      case ListeningSocket::Outcome::kAccepted:
        Admit(std::move(*accepted));
        break;
      case ListeningSocket::Outcome::kTurnedAway:
        break;
      case ListeningSocket::Outcome::kNobody:
        return;
      case ListeningSocket::Outcome::kExhausted:
        // The waiting client keeps the socket readable: not looked at again before the next tick.
        accepting_ = false;
        poller_->rearmFd(listening_->fd(), Flags<NotifyOn>(NotifyOn::None), TagOf(listening_->fd()), Mode::Level);
        return;
    }
  }
}

void Worker::Admit(AcceptedSocket socket) {
  if (server.served->now() >= server.settings.max_connections) {
    if (Connection* const idle = deadlines.Longest(Wait::kRequest)) idle->Close();
  }
  socket.refused = server.served->now() >= server.settings.max_connections;
  if (socket.refused && server.refused->now() >= kRefusedAtOnce) return;
  socket.place = SocketPlace(socket.refused ? server.refused : server.served);
  const auto& to = all_inboxes_[next_inbox_++ % all_inboxes_.size()];
  if (to == inbox)
    Open(std::move(socket));
  else
    to->Post(std::move(socket));
}

void Worker::Open(AcceptedSocket socket) {
  if (draining) return;
  const int fd = socket.fd();
  std::shared_ptr<Connection> connection;
  try {
    const auto index = static_cast<std::size_t>(fd);
    if (connections_.size() <= index) connections_.resize(index + 64);
    ConnectionHost& host = *this;
    connection = std::make_shared<Connection>(host, fd, NumericAddress(socket.peer()), std::move(socket.place));
    connections_[index] = connection;
  } catch (...) {
    return;
  }
  socket.Release();  // the connection's from here on
  try {
    sockaddr_storage address = socket.peer();
    handleNewPeer(Pistache::Tcp::Peer::Create(fd, Pistache::Address::fromUnix(reinterpret_cast<sockaddr*>(&address))));
    // The transport registers peers by edge.
    poller_->rearmFd(fd, Flags<NotifyOn>(NotifyOn::Read), TagOf(fd), Mode::Level);
    if (socket.refused) connection->Refuse(503, "The server has as many connections as it accepts.");
  } catch (...) {
    connection->Close();
  }
}

void Worker::Obey(Inbox::Order order) {
  order_ = order;
  leaving = true;
  if (order == Inbox::Order::kLeave) return;
  draining = true;
  if (listening_ != nullptr) listening_->Close();
  const auto open = connections_;
  for (const auto& connection : open) {
    if (!connection) continue;
    if (order == Inbox::Order::kCloseAll)
      connection->OnEnd();
    else
      connection->OnDrain();
  }
}

std::shared_ptr<Connection> Worker::ConnectionOf(int fd) const {
  const auto index = static_cast<std::size_t>(fd);
  return index < connections_.size() ? connections_[index] : nullptr;
}

void Worker::Watch(int fd, bool readable, bool writable) {
  Flags<NotifyOn> interest;
  if (readable) interest.setFlag(NotifyOn::Read);
  if (writable) interest.setFlag(NotifyOn::Write);
  poller_->rearmFd(fd, interest, TagOf(fd), Mode::Level);
}

// Whoever has been reading its answer for longest has to go, not whoever comes now.
void Worker::MakeRoomForAnswers() {
  while (server.budget->answer_bytes.load(std::memory_order_relaxed) > server.settings.max_unsent_bytes &&
         deadlines.CountOf(Wait::kReader) > 1) {
    deadlines.Longest(Wait::kReader)->Drop();
  }
}

void Worker::TakeTurns(std::shared_ptr<Connection> connection) {
  turns_.push_back(std::move(connection));
  inbox->Wake();
}

void Worker::CloseSocket(int fd) {
  connections_[static_cast<std::size_t>(fd)].reset();
  const auto found = peers.find(fd);
  if (found == peers.end()) {
    ::close(fd);
    return;
  }
  const auto peer = found->second;
  try {
    removePeer(peer);  // closes the socket last
  } catch (...) {
    ::close(fd);  // the poller did not know it
  }
}

}  // namespace volcanion::api
