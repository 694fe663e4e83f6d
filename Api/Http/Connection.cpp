#include "Api/Http/Connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace volcanion::api {

namespace {

// What a client may send ahead while its request is being handled; more stays in the socket, so that TCP slows it down.
constexpr std::size_t kMaxAhead = 16 * 1024;
// A body up to here is copied behind its head, so that one buffer is sent.
constexpr std::size_t kSmallBody = 16 * 1024;
// Of a request: counted only beyond, so that clients with large bodies keep nobody with a small one from being heard.
constexpr std::size_t kFreeBody = 64 * 1024;

// Returns the bytes taken, 0 when the socket is full, -1 when the connection is broken. Never raises SIGPIPE.
ssize_t SendTwo(int fd, std::string_view first, std::string_view second) {
  std::array<iovec, 2> parts{
      {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = parts.data() + (first.empty() ? 1 : 0);
  message.msg_iovlen = static_cast<std::size_t>(first.empty() || second.empty() ? 1 : 2);
  for (;;) {
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
  }
}

ssize_t Receive(int fd, char* to, std::size_t size, int flags = 0) {
  for (;;) {
    const ssize_t received = ::recv(fd, to, size, MSG_DONTWAIT | flags);
    if (received >= 0 || errno != EINTR) return received;
  }
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

int UnacknowledgedBytes(int fd) {
  int bytes = 0;
  return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

// Has the kernel forget what it still has for the client, and tell it so.
void ResetOnClose(int fd) {
  const linger abort{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
}

// What comes in `time` at `rate` bytes a second; at least 1.
std::size_t BytesAt(std::size_t rate, std::chrono::milliseconds time) {
  return std::max<std::size_t>(rate * static_cast<std::size_t>(time.count()) / 1'000, 1);
}

}  // namespace

Connection::Connection(ConnectionHost& host, int fd, std::string remote_address, SocketPlace place)
    : host_(host),
      inbox_(host.inbox),
      fd_(fd),
      remote_address_(std::move(remote_address)),
      place_(std::move(place)),
      reader_(host.server.limits),
      deadline_(host.deadlines.Add(*this)),
      charge_(host.server.budget) {
  host_.deadlines.Arm(deadline_, Wait::kFirstByte, host_.now);
}

// Nothing of the host is touched here: the last owner may be a responder on another thread, long after.
Connection::~Connection() = default;

void Connection::OnReadable() {
  if (phase_ == Phase::kClosed) return;
  const bool ahead = phase_ == Phase::kHandling || phase_ == Phase::kSending || phase_ == Phase::kPiecing;
  std::size_t room = host_.received.size();
  if (ahead) {
    room = kMaxAhead - std::min(kMaxAhead, unread_.size());
    if (room == 0) return WatchFor(false, watch_writable_);
  }
  const ssize_t received = Receive(fd_, host_.received.data(), room);
  if (received < 0) {
    if (!WouldBlock()) Close();
    return;
  }
  if (received == 0) {
    client_finished_ = true;
    hung_up_.request_stop();
    // It may have closed its side only, and wait for the answer.
    if (ahead)
      WatchFor(false, watch_writable_);
    else
      Close();
    return;
  }
  if (phase_ == Phase::kGoodbye) return;
  const std::string_view bytes(host_.received.data(), static_cast<std::size_t>(received));
  if (ahead) {
    unread_ += bytes;
    return;
  }
  Pump(bytes);
}

// Reads requests from what was left over and from `bytes`, until one of them has to wait for its answer, or others for
// their turn.
void Connection::Pump(std::string_view bytes) {
  std::string joined;
  if (!unread_.empty()) {
    joined = std::move(unread_);
    unread_.clear();
    joined += bytes;
    bytes = joined;
  }
  const auto begun = host_.now;
  bool needs_more = false;
  while (phase_ == Phase::kReading && !bytes.empty() && !needs_more) {
    needs_more = !ReadRequests(bytes);
    if (host_.now - begun >= host_.server.settings.turn) break;
  }
  if (phase_ == Phase::kClosed || phase_ == Phase::kGoodbye) return;

  if (bytes.empty()) {
    unread_ = std::string();
  } else if (!joined.empty()) {
    joined.erase(0, joined.size() - bytes.size());
    unread_ = std::move(joined);
  } else {
    unread_ = bytes;
  }
  if (phase_ != Phase::kReading) return;
  if (!unread_.empty() && !needs_more) {
    awaits_turn_ = true;
    host_.TakeTurns(shared_from_this());
    return WatchFor(false, false);
  }
  if (client_finished_) return Close();  // nothing can complete what is begun
  if (reader_.begun()) ArmForRest();
  WatchFor(true, false);
}

void Connection::ArmForRest() {
  const auto wait = reader_.reading_body() ? (host_.draining ? Wait::kLastBody : Wait::kBody)
                                           : (host_.draining ? Wait::kLastCall : Wait::kHeaders);
  if (deadline_->wait == wait) return;
  host_.deadlines.Arm(deadline_, wait, host_.now);
  body_seen_ = reader_.body_bytes();
}

void Connection::OnTurn() {
  if (std::exchange(awaits_turn_, false) && phase_ == Phase::kReading) Pump({});
}

// One step; false when more bytes are needed.
bool Connection::ReadRequests(std::string_view& bytes) {
  std::size_t used = 0;
  const auto step = reader_.Read(bytes, used);
  bytes.remove_prefix(used);
  if (!HasRoomForBody()) {
    Refuse(503, "The server holds as much of other requests as it can. Try again later.");
    return true;
  }
  switch (step) {
    case RequestReader::Step::kNeedMore:
      return false;
    case RequestReader::Step::kHeaders:
      if (bytes.empty() && reader_.expects_continue()) SendContinue();
      return true;
    case RequestReader::Step::kComplete:
      Dispatch();
      return true;
    case RequestReader::Step::kFailed: {
      const auto failure = reader_.failure();
      Refuse(failure.status, failure.detail);
      return true;
    }
  }
  return false;
}

// A socket that is still full of the answer before takes nothing; the client sends its body after a while all the same
// (RFC 9110, 10.1.1).
void Connection::SendContinue() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const ssize_t sent = SendTwo(fd_, kContinue, {});
  if (sent != 0 && sent != static_cast<ssize_t>(kContinue.size())) Close();
}

void Connection::Dispatch() {
  phase_ = Phase::kHandling;
  Request request = reader_.Take();
  request.remote_address = remote_address_;
  request.hung_up = hung_up_.get_token();
  if (!charge_.TakeRequest(host_.server.settings.max_requests)) {
    constexpr std::string_view kTooMany = "The server has as many requests in hand as it takes. Try again later.";
    return Send(ErrorResponse(503, kTooMany, request.headers), true);
  }

  in_handler_ = true;
  try {
    host_.server.handler(std::move(request), Responder(shared_from_this()));
  } catch (...) {
    // The responder died on the way and answers 500, unless the handler had handed it to someone who will answer.
  }
  in_handler_ = false;
  host_.now = Clock::now();  // the handler's time is not the client's

  if (at_once_) {
    Inbox::Reply reply = std::move(*at_once_);
    at_once_.reset();
    Send(ResponseOf(reply), true);
  } else {
    host_.deadlines.Arm(deadline_, Wait::kNothing, host_.now);
  }
}

void Connection::OnReply(Inbox::Reply reply) {
  using Kind = Inbox::Reply::Kind;
  if (phase_ == Phase::kClosed) return charge_.Release();
  if (phase_ == Phase::kPiecing) {
    if (reply.kind == Kind::kBrokenOff) return Close();
    host_.head.clear();
    SendPiece(std::move(reply.response.body), reply.kind == Kind::kLastPiece);
  } else if (phase_ == Phase::kHandling) {
    Send(ResponseOf(reply), true);
  }
  if (phase_ == Phase::kReading) Pump({});
}

Response Connection::ResponseOf(Inbox::Reply& reply) const {
  if (reply.kind == Inbox::Reply::Kind::kAbandoned) return ErrorResponse(500, "The request was not answered.", {});
  if (!reply.make) return std::move(reply.response);
  try {
    Response response = reply.make();
    host_.now = Clock::now();
    return response;
  } catch (...) {
    return ErrorResponse(500, "The answer could not be made.", {});
  }
}

Response Connection::ErrorResponse(int status, std::string_view detail, const Headers& headers) const {
  try {
    return host_.server.error_answer(status, detail, headers);
  } catch (...) {
    Response bare;
    bare.status = status;
    return bare;
  }
}

void Connection::Refuse(int status, std::string_view detail) {
  phase_ = Phase::kHandling;
  Send(ErrorResponse(status, detail, reader_.headers()), false);
}

bool Connection::HasRoomForBody() {
  const auto held = reader_.body_bytes();
  if (held <= kFreeBody || held <= charge_.request_bytes()) return true;
  return charge_.TakeBytes(held - charge_.request_bytes(), host_.server.settings.max_buffered_bytes);
}

void Connection::Send(Response response, bool may_keep_alive) {
  charge_.Release();
  keep_alive_ = may_keep_alive && reader_.keep_alive() && !host_.leaving && !AsksToClose(response) &&
                !(client_finished_ && unread_.empty());
  ending_ = !response.rest ? Ending::kLength : reader_.http10() ? Ending::kClose : Ending::kLastChunk;
  if (ending_ == Ending::kClose) keep_alive_ = false;
  const AnswerFraming framing{reader_.http10(), keep_alive_, reader_.head()};
  host_.head.clear();
  host_.writer.AppendHead(response, framing, host_.head);
  if (!ResponseWriter::SendsBody(response, framing)) return Transmit({});
  if (!response.rest) return Transmit(std::move(response.body));
  rest_ = std::move(response.rest);
  SendPiece(std::move(response.body), false);
}

void Connection::SendPiece(std::string bytes, bool is_last) {
  if (is_last) rest_.reset();
  if (ending_ == Ending::kLastChunk) ResponseWriter::FrameChunk(host_.head, bytes, is_last);
  Transmit(std::move(bytes));
}

// Sends the head that was put together, and `body` behind it.
void Connection::Transmit(std::string body) {
  std::string& head = host_.head;
  if (body.size() <= kSmallBody) {
    head += body;
    body.clear();
  }
  const ssize_t sent = SendTwo(fd_, head, body);
  if (sent < 0) return Close();
  out_sent_ = static_cast<std::size_t>(sent);
  if (out_sent_ == head.size() + body.size()) return AfterAnswer();
  out_head_ = head;
  out_body_ = std::move(body);
  phase_ = Phase::kSending;
  taken_ = TakenByReader();
  host_.deadlines.Arm(deadline_, Wait::kReader, host_.now);
  WatchFor(false, true);
  charge_.AddAnswer(out_body_.size());
}

void Connection::OnWritable() {
  if (phase_ != Phase::kSending) return;
  std::string_view head = out_head_;
  std::string_view body = out_body_;
  const auto of_head = std::min(out_sent_, head.size());
  head.remove_prefix(of_head);
  body.remove_prefix(out_sent_ - of_head);
  const ssize_t sent = SendTwo(fd_, head, body);
  if (sent < 0) return Close();
  if (sent == 0) return;
  out_sent_ += static_cast<std::size_t>(sent);
  if (out_sent_ < out_head_.size() + out_body_.size()) return;
  out_head_ = std::string();
  out_body_ = std::string();
  charge_.Release();
  WatchFor(true, false);  // before the next request, which may leave the socket alone for long
  AfterAnswer();
  if (phase_ == Phase::kReading) Pump({});
}

void Connection::AfterAnswer() {
  if (rest_) return AskForPiece();
  if (!keep_alive_ || host_.draining) return SayGoodbye();
  reader_.Reset();
  phase_ = Phase::kReading;
  host_.deadlines.Arm(deadline_, Wait::kRequest, host_.now);
}

// What the socket has taken is as much as lies ahead of a client that does not read: nothing is made before that.
void Connection::AskForPiece() {
  phase_ = Phase::kPiecing;
  host_.deadlines.Arm(deadline_, Wait::kNothing, host_.now);
  WatchFor(true, false);
  const auto source = rest_;
  try {
    source->Next(PieceSink(shared_from_this()));
  } catch (...) {
    // The sink died on the way, and breaks the answer off.
  }
}

// A close while the client still sends makes its kernel throw away the answer it has not read yet (RFC 9112, 9.6), so
// only our side is closed and what comes is read to nowhere for a moment.
void Connection::SayGoodbye() {
  unread_ = std::string();
  if (client_finished_ || ::shutdown(fd_, SHUT_WR) != 0) return Close();
  phase_ = Phase::kGoodbye;
  host_.deadlines.Arm(deadline_, Wait::kGoodbye, host_.now);
  WatchFor(true, false);
}

void Connection::OnTimeout(Wait wait) {
  switch (wait) {
    case Wait::kNothing:
      return;
    case Wait::kFirstByte:
    case Wait::kRequest:
    case Wait::kGoodbye:
      return Close();
    case Wait::kLastCall:
      return OnEnd();
    case Wait::kLastBody:
      if (!BodyMadeProgress(host_.server.settings.last_body)) return OnEnd();
      return host_.deadlines.Arm(deadline_, Wait::kLastBody, host_.now);
    case Wait::kHeaders:
      return Refuse(408, "The headers of the request did not arrive in time.");
    case Wait::kBody:
      if (BodyMadeProgress(host_.server.settings.body_timeout))
        return host_.deadlines.Arm(deadline_, Wait::kBody, host_.now);
      return Refuse(408, "The body of the request did not arrive in time.");
    case Wait::kReader:
      if (ReaderMadeProgress()) return host_.deadlines.Arm(deadline_, Wait::kReader, host_.now);
      return Drop();
  }
}

void Connection::Drop() {
  ResetOnClose(fd_);
  Close();
}

// What the socket has taken lies in the kernel's queue until the client acknowledges it.
std::ptrdiff_t Connection::TakenByReader() const {
  return static_cast<std::ptrdiff_t>(out_sent_) - UnacknowledgedBytes(fd_);
}

// A large answer on a slow line is welcome to its time; one that is read in sips is not: it holds memory.
bool Connection::ReaderMadeProgress() {
  const auto& settings = host_.server.settings;
  const auto before = std::exchange(taken_, TakenByReader());
  return taken_ - before >= static_cast<std::ptrdiff_t>(BytesAt(settings.min_read_rate, settings.write_timeout));
}

// Likewise for a large body.
bool Connection::BodyMadeProgress(std::chrono::milliseconds time) {
  const auto before = std::exchange(body_seen_, reader_.body_bytes());
  return body_seen_ - before >= BytesAt(host_.server.settings.min_body_rate, time);
}

void Connection::OnDrain() {
  if (phase_ == Phase::kReading && !awaits_turn_) ArmForRest();
}

void Connection::OnEnd() {
  const bool is_waiting = phase_ == Phase::kHandling || (phase_ == Phase::kReading && reader_.begun());
  if (is_waiting) Refuse(503, "The server is stopping. Try again later.");
  Close();
}

void Connection::Close() {
  const auto before = std::exchange(phase_, Phase::kClosed);
  if (before == Phase::kClosed) return;
  hung_up_.request_stop();
  host_.deadlines.Remove(deadline_);
  if (before != Phase::kHandling) charge_.Release();  // else the handler still has the request
  // Where the end of the connection is that of the answer, only a reset tells the client that this is not it.
  const bool is_unfinished = before == Phase::kSending || before == Phase::kPiecing;
  if (is_unfinished && ending_ == Ending::kClose) ResetOnClose(fd_);
  rest_.reset();
  unread_ = std::string();
  out_head_ = std::string();
  out_body_ = std::string();
  const auto alive = shared_from_this();
  host_.CloseSocket(fd_);
  place_.Leave();
}

void Connection::WatchFor(bool readable, bool writable) {
  readable = readable && !client_finished_;
  if (readable == watch_readable_ && writable == watch_writable_) return;
  watch_readable_ = readable;
  watch_writable_ = writable;
  host_.Watch(fd_, readable, writable);
}

void Connection::Answer(Response response) { Deliver({shared_from_this(), std::move(response), {}}); }

void Connection::AnswerMade(std::function<Response()> make) { Deliver({shared_from_this(), {}, std::move(make)}); }

void Connection::Abandon() { Deliver({shared_from_this(), {}, {}, Inbox::Reply::Kind::kAbandoned}); }

void Connection::Continue(std::string bytes, bool is_last) {
  using Kind = Inbox::Reply::Kind;
  Response piece;
  piece.body = std::move(bytes);
  Deliver({shared_from_this(), std::move(piece), {}, is_last ? Kind::kLastPiece : Kind::kPiece});
}

void Connection::BreakOff() { Deliver({shared_from_this(), {}, {}, Inbox::Reply::Kind::kBrokenOff}); }

// Within its own handler the answer waits for the handler to return, so that requests sent ahead cannot nest handlers
// in handlers; from anywhere else it comes through the inbox.
void Connection::Deliver(Inbox::Reply reply) {
  if (inbox_->OnOwnersThread() && in_handler_) {
    reply.to.reset();
    at_once_ = std::move(reply);
  } else {
    inbox_->Post(std::move(reply));
  }
}

}  // namespace volcanion::api
